/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

#include "base/cleanup.h"

/* More segments than any kernel of this kind has; bounds the overlap test. */
#define MAX_SEGMENTS 16

/* Bytes of a note segment that are looked at: ours is in front. */
#define NOTES_MAX 4096

/* The file, and what has been read and checked of it, each byte once. */
struct image {
	const char *path;
	int fd;
	uint64_t size;
	uint64_t ram; /* bytes of guest RAM */
	Elf64_Ehdr header;
	Elf64_Phdr segments[MAX_SEGMENTS];
};

static bool in_file(const struct image *self, uint64_t offset, uint64_t size)
{
	return offset <= self->size && size <= self->size - offset;
}

/*
 * Read from the file, not through a mapping of it: who truncates it meanwhile
 * makes this fail, and does not stop the process.
 */
static int read_at(const struct image *self, uint64_t offset, uint64_t size,
		   void *to, struct err *err)
{
	uint64_t done = 0;

	while (done < size) {
		ssize_t bytes = pread(self->fd, (uint8_t *)to + done,
				      size - done, (off_t)(offset + done));
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0)
			return err_set(err, errno, "cannot read the kernel %s",
				       self->path);
		if (bytes == 0)
			return err_say(err, ENOEXEC,
				       "%s: became shorter while it was read",
				       self->path);
		done += (uint64_t)bytes;
	}
	return 0;
}

static int check_header(struct image *self, struct err *err)
{
	Elf64_Ehdr *h = &self->header;

	if (!in_file(self, 0, sizeof(*h)))
		return err_say(err, ENOEXEC, "%s: too short for an ELF file",
			       self->path);
	int r = read_at(self, 0, sizeof(*h), h, err);
	if (r < 0)
		return r;
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
	r = read_at(self, h->e_phoff, table, self->segments, err);
	if (r < 0)
		return r;
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

/* The ABI version that a note among these bytes names, or 0. */
static uint32_t find_version(const uint8_t *at, uint64_t left)
{
	const uint8_t *name;
	const uint8_t *desc;
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
	return 0;
}

/* The ABI version that the kernel's note names, or 0 without a note. */
static int read_version(const struct image *self, uint32_t *version,
			struct err *err)
{
	uint8_t notes[NOTES_MAX];

	*version = 0;
	for (size_t i = 0; i < self->header.e_phnum && *version == 0; i++) {
		const Elf64_Phdr *p = &self->segments[i];
		if (p->p_type != PT_NOTE)
			continue;
		uint64_t size =
			p->p_filesz < NOTES_MAX ? p->p_filesz : NOTES_MAX;
		int r = read_at(self, p->p_offset, size, notes, err);
		if (r < 0)
			return r;
		*version = find_version(notes, size);
	}
	return 0;
}

static int check_image(struct image *self, struct err *err)
{
	uint32_t version = 0;

	int r = check_header(self, err);
	if (r == 0)
		r = read_version(self, &version, err);
	if (r < 0)
		return r;
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

static int copy_image(const struct image *self, uint8_t *ram, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < self->header.e_phnum && r == 0; i++) {
		const Elf64_Phdr *p = &self->segments[i];
		if (p->p_type == PT_LOAD && p->p_memsz > 0)
			r = read_at(self, p->p_offset, p->p_filesz,
				    ram + p->p_paddr, err);
	}
	return r;
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
	image.fd = fd;
	int r = check_image(&image, err);
	if (r == 0)
		r = copy_image(&image, ram, err);
	if (r == 0)
		*entry = image.header.e_entry;
	return r;
}
