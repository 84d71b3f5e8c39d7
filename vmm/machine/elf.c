/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

#include "base/cleanup.h"

/* More segments than any kernel of this kind has; bounds the overlap test. */
#define MAX_SEGMENTS 16

/* The file as mapped, and what has been checked of it. */
struct image {
	const char *path;
	const uint8_t *bytes;
	uint64_t size;
	uint64_t ram; /* bytes of guest RAM */
	Elf64_Ehdr header;
	Elf64_Phdr segments[MAX_SEGMENTS];
};

static bool in_file(const struct image *self, uint64_t offset, uint64_t size)
{
	return offset <= self->size && size <= self->size - offset;
}

static int check_header(struct image *self, struct err *err)
{
	Elf64_Ehdr *h = &self->header;

	if (!in_file(self, 0, sizeof(*h)))
		return err_say(err, ENOEXEC, "%s: too short for an ELF file",
			       self->path);
	memcpy(h, self->bytes, sizeof(*h));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return err_say(err, ENOEXEC, "%s: not an ELF file", self->path);
	if (h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64)
		return err_say(err, ENOEXEC,
			       "%s: not an x86-64 ELF64 file (machine %u)",
			       self->path, h->e_machine);
	if (h->e_type != ET_EXEC)
		return err_say(err, ENOEXEC,
			       "%s: not a static executable (ELF type %u): "
			       "link with -static -no-pie",
			       self->path, h->e_type);
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 ||
	    h->e_phnum > MAX_SEGMENTS)
		return err_say(err, ENOEXEC,
			       "%s: has %u program headers of %u bytes; 1 to "
			       "%d of %zu are taken",
			       self->path, h->e_phnum, h->e_phentsize,
			       MAX_SEGMENTS, sizeof(Elf64_Phdr));
	uint64_t table = (uint64_t)h->e_phnum * sizeof(Elf64_Phdr);
	if (!in_file(self, h->e_phoff, table))
		return err_say(err, ENOEXEC,
			       "%s: truncated: its program headers lie "
			       "beyond its end",
			       self->path);
	memcpy(self->segments, self->bytes + h->e_phoff, table);
	for (size_t i = 0; i < h->e_phnum; i++) {
		const Elf64_Phdr *p = &self->segments[i];
		if ((p->p_type == PT_LOAD || p->p_type == PT_NOTE) &&
		    !in_file(self, p->p_offset, p->p_filesz))
			return err_say(err, ENOEXEC,
				       "%s: truncated: the segment at %#llx "
				       "lies beyond the file's end",
				       self->path,
				       (unsigned long long)p->p_paddr);
	}
	return 0;
}

static int check_segment(const struct image *self, const Elf64_Phdr *p,
			 struct err *err)
{
	uint64_t end;

	if (p->p_filesz > p->p_memsz)
		return err_say(err, ENOEXEC,
			       "%s: the segment at %#llx has more bytes in "
			       "the file than in memory",
			       self->path, (unsigned long long)p->p_paddr);
	if (__builtin_add_overflow(p->p_paddr, p->p_memsz, &end) ||
	    p->p_paddr < LAB_LOAD_MIN || end > self->ram)
		return err_say(err, ENOEXEC,
			       "%s: the segment at %#llx of %#llx bytes does "
			       "not lie in guest RAM from %#llx to %#llx: "
			       "give more --memory",
			       self->path, (unsigned long long)p->p_paddr,
			       (unsigned long long)p->p_memsz,
			       (unsigned long long)LAB_LOAD_MIN,
			       (unsigned long long)self->ram);
	return 0;
}

static int check_segments(const struct image *self, struct err *err)
{
	const Elf64_Phdr *loaded[MAX_SEGMENTS];
	size_t n = 0;
	bool entered = false;

	for (size_t i = 0; i < self->header.e_phnum; i++) {
		const Elf64_Phdr *p = &self->segments[i];
		if (p->p_type == PT_INTERP || p->p_type == PT_DYNAMIC)
			return err_say(err, ENOEXEC,
				       "%s: dynamically linked: link with "
				       "-static -no-pie",
				       self->path);
		if (p->p_type != PT_LOAD || p->p_memsz == 0)
			continue;
		int r = check_segment(self, p, err);
		if (r < 0)
			return r;
		for (size_t j = 0; j < n; j++)
			if (p->p_paddr <
				    loaded[j]->p_paddr + loaded[j]->p_memsz &&
			    loaded[j]->p_paddr < p->p_paddr + p->p_memsz)
				return err_say(
					err, ENOEXEC,
					"%s: the segments at %#llx and %#llx "
					"overlap",
					self->path,
					(unsigned long long)loaded[j]->p_paddr,
					(unsigned long long)p->p_paddr);
		uint64_t offset = self->header.e_entry - p->p_paddr;
		if ((p->p_flags & PF_X) && offset < p->p_filesz)
			entered = true;
		loaded[n++] = p;
	}
	if (!entered)
		return err_say(err, ENOEXEC,
			       "%s: its entry point %#llx lies in none of its "
			       "executable segments",
			       self->path,
			       (unsigned long long)self->header.e_entry);
	return 0;
}

/* One step through a note segment; false at its end or at nonsense. */
static bool next_note(const uint8_t **at, uint64_t *left, Elf64_Nhdr *note,
		      const uint8_t **name, const uint8_t **desc)
{
	if (*left < sizeof(*note))
		return false;
	memcpy(note, *at, sizeof(*note));
	uint64_t names = ((uint64_t)note->n_namesz + 3) & ~UINT64_C(3);
	uint64_t descs = ((uint64_t)note->n_descsz + 3) & ~UINT64_C(3);
	if (names + descs > *left - sizeof(*note))
		return false;
	*name = *at + sizeof(*note);
	*desc = *name + names;
	*at = *desc + descs;
	*left -= sizeof(*note) + names + descs;
	return true;
}

/* The ABI version that the kernel's note names, or 0 without a note. */
static uint32_t note_version(const struct image *self)
{
	for (size_t i = 0; i < self->header.e_phnum; i++) {
		const Elf64_Phdr *p = &self->segments[i];
		if (p->p_type != PT_NOTE)
			continue;
		const uint8_t *at = self->bytes + p->p_offset;
		const uint8_t *name;
		const uint8_t *desc;
		uint64_t left = p->p_filesz;
		Elf64_Nhdr note;
		while (next_note(&at, &left, &note, &name, &desc)) {
			uint32_t version;
			if (note.n_type != LAB_NOTE_ABI ||
			    note.n_descsz != sizeof(version) ||
			    note.n_namesz != sizeof(LAB_NOTE_NAME) ||
			    memcmp(name, LAB_NOTE_NAME, note.n_namesz) != 0)
				continue;
			memcpy(&version, desc, sizeof(version));
			return version;
		}
	}
	return 0;
}

static int check_image(struct image *self, struct err *err)
{
	int r = check_header(self, err);
	if (r < 0)
		return r;
	uint32_t version = note_version(self);
	if (version == 0)
		return err_say(err, ENOEXEC,
			       "%s: has no Labyrinth ABI note, so it is no "
			       "Labyrinth guest: link it with "
			       "liblabyrinth-guest",
			       self->path);
	if (version != LAB_ABI_VERSION)
		return err_say(err, ENOEXEC,
			       "%s: built for guest ABI version %u, this is "
			       "version %d: build it anew",
			       self->path, version, LAB_ABI_VERSION);
	return check_segments(self, err);
}

static void copy_image(const struct image *self, uint8_t *ram)
{
	for (size_t i = 0; i < self->header.e_phnum; i++) {
		const Elf64_Phdr *p = &self->segments[i];
		if (p->p_type == PT_LOAD && p->p_memsz > 0)
			memcpy(ram + p->p_paddr, self->bytes + p->p_offset,
			       p->p_filesz);
	}
}

int elf_load(const char *path, uint8_t *ram, uint64_t bytes, uint64_t *entry,
	     struct err *err)
{
	struct image image = {.path = path, .ram = bytes};
	struct stat status;

	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "cannot open the kernel %s", path);
	if (fstat(fd, &status) < 0)
		return err_set(err, errno, "cannot look at the kernel %s",
			       path);
	if (!S_ISREG(status.st_mode) || status.st_size <= 0)
		return err_say(err, ENOEXEC,
			       "%s: not a file with a kernel in it", path);
	image.size = (uint64_t)status.st_size;
	void *file = mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		return err_set(err, errno, "cannot read the kernel %s", path);
	image.bytes = file;
	int r = check_image(&image, err);
	if (r == 0) {
		copy_image(&image, ram);
		*entry = image.header.e_entry;
	}
	munmap(file, image.size);
	return r;
}
