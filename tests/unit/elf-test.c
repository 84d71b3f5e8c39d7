/* SPDX-License-Identifier: MIT */
/* machine/elf: a good kernel loads; each way of being bad is refused. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

#include "machine/elf.h"

#define RAM_BYTES (4 * LAB_EXTENT_SIZE)
#define TEXT_GPA  LAB_LOAD_MIN
#define DATA_GPA  (LAB_LOAD_MIN + 0x1000)

/* A whole kernel file: two segments and the note. */
struct file {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
	struct {
		Elf64_Nhdr header;
		char name[12];
		uint32_t version;
	} note;
	uint8_t text[64];
	uint8_t data[64];
};

static uint8_t ram[RAM_BYTES];

static struct file good_file(void)
{
	struct file f = {0};

	memcpy(f.header.e_ident, ELFMAG, SELFMAG);
	f.header.e_ident[EI_CLASS] = ELFCLASS64;
	f.header.e_ident[EI_DATA] = ELFDATA2LSB;
	f.header.e_type = ET_EXEC;
	f.header.e_machine = EM_X86_64;
	f.header.e_entry = TEXT_GPA + 8;
	f.header.e_phoff = offsetof(struct file, segments);
	f.header.e_phentsize = sizeof(Elf64_Phdr);
	f.header.e_phnum = 3;
	f.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD,
				     .p_flags = PF_R | PF_X,
				     .p_offset = offsetof(struct file, text),
				     .p_paddr = TEXT_GPA,
				     .p_filesz = sizeof(f.text),
				     .p_memsz = sizeof(f.text)};
	f.segments[1] = (Elf64_Phdr){.p_type = PT_LOAD,
				     .p_flags = PF_R | PF_W,
				     .p_offset = offsetof(struct file, data),
				     .p_paddr = DATA_GPA,
				     .p_filesz = sizeof(f.data),
				     .p_memsz = 0x2000};
	f.segments[2] = (Elf64_Phdr){.p_type = PT_NOTE,
				     .p_offset = offsetof(struct file, note),
				     .p_filesz = sizeof(f.note)};
	f.note.header = (Elf64_Nhdr){.n_namesz = sizeof(LAB_NOTE_NAME),
				     .n_descsz = sizeof(uint32_t),
				     .n_type = LAB_NOTE_ABI};
	memcpy(f.note.name, LAB_NOTE_NAME, sizeof(LAB_NOTE_NAME));
	f.note.version = LAB_ABI_VERSION;
	memset(f.text, 0x90, sizeof(f.text));
	memset(f.data, 0xda, sizeof(f.data));
	return f;
}

/* Load the first `bytes` bytes of a file. */
static int load(const struct file *file, size_t bytes, uint64_t *entry,
		struct err *err)
{
	char path[] = "/tmp/elf-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, bytes), (ssize_t)bytes);
	close(fd);
	memset(ram, 0, sizeof(ram));
	int r = elf_load(path, ram, sizeof(ram), entry, err);
	unlink(path);
	return r;
}

static void refused(const struct file *file, size_t bytes, const char *why)
{
	struct err err = {0};
	uint64_t entry = 0;

	assert_int_equal(load(file, bytes, &entry, &err), -ENOEXEC);
	if (strstr(err.text, why) == NULL)
		fail_msg("`%s` does not say `%s`", err.text, why);
	for (size_t i = 0; i < sizeof(ram); i += 512)
		assert_int_equal(ram[i], 0); /* not a byte was copied */
}

static void test_good(void **state)
{
	struct file f = good_file();
	struct err err = {0};
	uint64_t entry = 0;

	(void)state;
	assert_int_equal(load(&f, sizeof(f), &entry, &err), 0);
	assert_int_equal(entry, TEXT_GPA + 8);
	assert_memory_equal(ram + TEXT_GPA, f.text, sizeof(f.text));
	assert_memory_equal(ram + DATA_GPA, f.data, sizeof(f.data));
	assert_int_equal(ram[DATA_GPA + sizeof(f.data)], 0);
}

static void test_truncated(void **state)
{
	struct file f = good_file();

	(void)state;
	refused(&f, 10, "too short");
	refused(&f, sizeof(f.header) + 8, "truncated");
	refused(&f, sizeof(f) - 8, "truncated");
	f.header.e_phoff = UINT64_MAX - 8;
	refused(&f, sizeof(f), "truncated");
}

static void test_header(void **state)
{
	struct file f = good_file();

	(void)state;
	f.header.e_ident[0] = 'X';
	refused(&f, sizeof(f), "not an ELF file");
	f = good_file();
	f.header.e_ident[EI_CLASS] = ELFCLASS32;
	refused(&f, sizeof(f), "not an x86-64 ELF64");
	f = good_file();
	f.header.e_machine = EM_AARCH64;
	refused(&f, sizeof(f), "not an x86-64 ELF64");
	f = good_file();
	f.header.e_type = ET_DYN;
	refused(&f, sizeof(f), "not a static executable");
	f = good_file();
	f.header.e_phnum = 17;
	refused(&f, sizeof(f), "program headers");
	f = good_file();
	f.segments[2].p_type = PT_INTERP;
	refused(&f, sizeof(f), "ABI note");
}

static void test_note(void **state)
{
	struct file f = good_file();

	(void)state;
	f.note.version = LAB_ABI_VERSION + 1;
	refused(&f, sizeof(f), "guest ABI version 2");
	f = good_file();
	f.note.name[0] = 'M';
	refused(&f, sizeof(f), "no Labyrinth ABI note");
	f = good_file();
	f.note.header.n_namesz = UINT32_MAX;
	refused(&f, sizeof(f), "no Labyrinth ABI note");
	f = good_file();
	f.note.header.n_descsz = UINT32_MAX;
	refused(&f, sizeof(f), "no Labyrinth ABI note");
	f = good_file();
	f.segments[2].p_offset = UINT64_MAX;
	refused(&f, sizeof(f), "truncated");
}

static void test_segments(void **state)
{
	struct file f = good_file();

	(void)state;
	f.segments[1].p_paddr = TEXT_GPA + 32;
	refused(&f, sizeof(f), "overlap");
	f = good_file();
	f.segments[1].p_paddr = RAM_BYTES - 0x1000;
	refused(&f, sizeof(f), "does not lie in guest RAM");
	f = good_file();
	f.segments[1].p_paddr = UINT64_MAX - 0x100;
	refused(&f, sizeof(f), "does not lie in guest RAM");
	f = good_file();
	f.segments[0].p_paddr = LAB_PAGE_TABLE_GPA;
	refused(&f, sizeof(f), "does not lie in guest RAM");
	f = good_file();
	f.segments[1].p_memsz = 1;
	refused(&f, sizeof(f), "more bytes in the file");
	f = good_file();
	f.header.e_entry = DATA_GPA;
	refused(&f, sizeof(f), "entry point");
	f = good_file();
	f.header.e_entry = TEXT_GPA - 1;
	refused(&f, sizeof(f), "entry point");
}

static void test_no_file(void **state)
{
	struct err err = {0};
	uint64_t entry;

	(void)state;
	assert_int_equal(
		elf_load("/nowhere/kernel", ram, sizeof(ram), &entry, &err),
		-ENOENT);
	assert_int_equal(elf_load("/", ram, sizeof(ram), &entry, &err),
			 -ENOEXEC);
}

/* The kernel says that this file has a page, and gives a line. */
static void test_shrinks(void **state)
{
	struct err err = {0};
	uint64_t entry;

	(void)state;
	assert_int_equal(elf_load("/sys/kernel/uevent_seqnum", ram, sizeof(ram),
				  &entry, &err),
			 -ENOEXEC);
	assert_non_null(strstr(err.text, "became shorter"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_note),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_shrinks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
