/* SPDX-License-Identifier: MIT */
/*
 * The smallest guest: greets, takes a page, writes on it, gives it back.
 *
 *   cc $(pkg-config --cflags labyrinth-guest) hello.c \
 *      $(pkg-config --libs labyrinth-guest) -o hello.elf
 *   labyrinth run hello.elf
 */
#include <labyrinth/guest.h>

int main(int argc, char **argv)
{
	static const char words[] = "written on a page of my own";
	struct page *page;
	char *text;

	printf("Hello from %s.\n", argc > 0 ? argv[0] : "a guest");

	page = alloc_page(GFP_KERNEL);
	if (!page) {
		puts("There is no page for me.");
		return 1;
	}
	text = page_address(page);
	memcpy(text, words, sizeof(words));
	printf("This was %s, at %p.\n", text, (void *)text);
	__free_page(page);
	return 0;
}
