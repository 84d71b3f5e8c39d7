/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/host.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES	  "/sys/devices/system/node"
#define CPUS	  "/sys/devices/system/cpu"
#define HUGEPAGES "/sys/kernel/mm/hugepages"

#define NS_PER_S UINT64_C(1000000000)

/* A VMM of ours has fewer threads than these beside those of its vCPUs. Of one
 * that has thousands nobody looks through them. */
#define OTHER_THREADS 16

/* The number after `label` in a file of lines; 0 when there is none. */
static uint64_t number_after(const char *path, const char *label)
{
	char line[256];
	uint64_t value = 0;

	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *at = strstr(line, label);
		if (at == NULL)
			continue;
		at += strlen(label);
		at += strspn(at, ": \t");
		value = strtoull(at, NULL, 10);
		break;
	}
	fclose(file);
	return value;
}

/* A file that holds one number. */
static uint64_t number_in(const char *path)
{
	uint64_t value = 0;

	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%" SCNu64, &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

static int compare_cells(const void *a, const void *b)
{
	const struct host_cell *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int compare_sizes(const void *a, const void *b)
{
	const unsigned *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void look_at_cells(struct host *host)
{
	char path[64];

	host->ncells = 0;
	DIR *nodes = opendir(NODES);
	for (struct dirent *entry = nodes != NULL ? readdir(nodes) : NULL;
	     entry != NULL && host->ncells < HOST_CELLS_MAX;
	     entry = readdir(nodes)) {
		struct host_cell *cell = &host->cells[host->ncells];
		if (sscanf(entry->d_name, "node%u", &cell->id) != 1)
			continue;
		snprintf(path, sizeof(path), NODES "/node%u/meminfo", cell->id);
		cell->total_kib = number_after(path, "MemTotal:");
		cell->free_kib = number_after(path, "MemFree:");
		host->ncells++;
	}
	if (nodes != NULL)
		closedir(nodes);
	qsort(host->cells, host->ncells, sizeof(host->cells[0]), compare_cells);
	if (host->ncells > 0)
		return;
	host->ncells = 1;
	host->cells[0] = (struct host_cell){
		.total_kib = number_after("/proc/meminfo", "MemTotal:"),
		.free_kib = number_after("/proc/meminfo", "MemFree:"),
	};
}

static void look_at_page_sizes(struct host *host)
{
	/* What every such processor has; the kernel lists what it sets aside.
	 */
	host->pages[0] = 4;
	host->pages[1] = 2048;
	host->npages = 2;
	DIR *sizes = opendir(HUGEPAGES);
	if (sizes == NULL)
		return;
	for (struct dirent *entry = readdir(sizes);
	     entry != NULL && host->npages < HOST_PAGES_MAX;
	     entry = readdir(sizes)) {
		unsigned *size = &host->pages[host->npages];
		if (sscanf(entry->d_name, "hugepages-%ukB", size) == 1 &&
		    *size != host->pages[1])
			host->npages++;
	}
	closedir(sizes);
	qsort(host->pages, host->npages, sizeof(host->pages[0]), compare_sizes);
}

void host_look(struct host *host)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	look_at_cells(host);
	look_at_page_sizes(host);
	host->cpus = cpus > 0 ? (unsigned)cpus : 1;
	host->mhz = (unsigned)number_after("/proc/cpuinfo", "cpu MHz");
}

uint64_t host_free_pages(const struct host *host, const struct host_cell *cell,
			 unsigned size)
{
	char path[128];

	if (cell == NULL) {
		uint64_t sum = 0;
		for (size_t i = 0; i < host->ncells; i++)
			sum += host_free_pages(host, &host->cells[i], size);
		return sum;
	}
	if (size == host->pages[0])
		return cell->free_kib / size;
	snprintf(path, sizeof(path),
		 NODES "/node%u/hugepages/hugepages-%ukB/free_hugepages",
		 cell->id, size);
	if (access(path, R_OK) != 0)
		snprintf(path, sizeof(path),
			 HUGEPAGES "/hugepages-%ukB/free_hugepages", size);
	return number_in(path);
}

/* The fields of a stat file of /proc from the third on: they come after the
 * name, which may hold anything, a parenthesis too. NULL: it is gone. */
static const char *read_stat(const char *path, char *text, size_t room)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return NULL;
	size_t bytes = fread(text, 1, room - 1, file);
	fclose(file);
	text[bytes] = '\0';
	char *end = strrchr(text, ')');
	if (end == NULL)
		return NULL;
	*end = '\0';
	return end + 1;
}

/* One of them, by proc(5)'s number; 0 if it is not there. */
static uint64_t stat_field(const char *fields, unsigned int number)
{
	for (unsigned int at = 2; at < number && fields != NULL; at++)
		fields = strchr(fields + 1, ' ');
	return fields != NULL ? strtoull(fields, NULL, 10) : 0;
}

static uint64_t ticks_ns(uint64_t ticks)
{
	return ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

struct host_usage host_usage(pid_t pid)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	const char *stat = read_stat(path, text, sizeof(text));
	if (stat == NULL)
		return (struct host_usage){0};
	return (struct host_usage){
		.user = ticks_ns(stat_field(stat, 14)),
		.system = ticks_ns(stat_field(stat, 15)),
		.rss_kib = stat_field(stat, 24) *
			   ((uint64_t)sysconf(_SC_PAGESIZE) / 1024),
	};
}

/* Which vCPU's thread this is, as our VMM has named it; `none`: nobody's. */
static unsigned int vcpu_of(pid_t pid, const char *thread, const char *name,
			    unsigned int none)
{
	unsigned int n;
	char end;

	if (strtol(thread, NULL, 10) == pid)
		return 0;
	return sscanf(name, "(vcpu %u%c", &n, &end) == 1 && n > 0 ? n : none;
}

static void look_at_thread(pid_t pid, const char *thread,
			   struct host_thread *vcpus, unsigned int count)
{
	char path[64], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stat", (int)pid,
		 thread);
	const char *stat = read_stat(path, text, sizeof(text));
	const char *name = stat != NULL ? strchr(text, '(') : NULL;
	if (name == NULL)
		return;
	unsigned int n = vcpu_of(pid, thread, name, count);
	if (n >= count)
		return;
	vcpus[n].cpu = (int)stat_field(stat, 39);
	vcpus[n].time = ticks_ns(stat_field(stat, 14) + stat_field(stat, 15));
}

void host_threads(pid_t pid, struct host_thread *vcpus, unsigned int count)
{
	unsigned int most = count + OTHER_THREADS;
	char path[32];

	for (unsigned int i = 0; i < count; i++)
		vcpus[i] = (struct host_thread){.cpu = -1};
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	if (threads == NULL)
		return;
	for (struct dirent *entry = readdir(threads); entry != NULL && most > 0;
	     entry = readdir(threads)) {
		if (entry->d_name[0] == '.')
			continue;
		look_at_thread(pid, entry->d_name, vcpus, count);
		most--;
	}
	closedir(threads);
}

/* A list like 0-3,8: its bits into map; how many bits up to the highest. */
static unsigned read_list(const char *path, uint8_t *map, size_t bytes)
{
	unsigned first, last, end = 0;

	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fscanf(file, "%u", &first) == 1) {
		last = first;
		if (fscanf(file, "-%u", &last) < 0)
			clearerr(file);
		for (unsigned i = first; i <= last && i / 8 < bytes; i++) {
			map[i / 8] |= (uint8_t)(1u << (i % 8));
			end = i + 1;
		}
		(void)fscanf(file, ",");
	}
	fclose(file);
	return end;
}

void host_cpus(struct host_cpus *out)
{
	uint8_t present[HOST_MAP_BYTES] = {0};

	*out = (struct host_cpus){0};
	unsigned end = read_list(CPUS "/online", out->map, sizeof(out->map));
	out->count = read_list(CPUS "/present", present, sizeof(present));
	if (out->count < end)
		out->count = end;
	for (unsigned i = 0; i < end; i++)
		out->online += out->map[i / 8] >> (i % 8) & 1;
}

bool host_cpu_usage(int cpu, struct host_cpu_usage *out)
{
	uint64_t nice, irq, softirq;
	char line[256], wanted[24];
	bool found = false;

	snprintf(wanted, sizeof(wanted), "cpu ");
	if (cpu >= 0)
		snprintf(wanted, sizeof(wanted), "cpu%d ", cpu);
	FILE *file = fopen("/proc/stat", "re");
	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strncmp(line, wanted, strlen(wanted)) == 0 &&
			sscanf(line + strlen(wanted),
			       "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			       " %" SCNu64 " %" SCNu64 " %" SCNu64,
			       &out->user, &nice, &out->kernel, &out->idle,
			       &out->iowait, &irq, &softirq) == 7;
	fclose(file);
	if (!found)
		return false;
	out->user = ticks_ns(out->user + nice);
	out->kernel = ticks_ns(out->kernel + irq + softirq);
	out->idle = ticks_ns(out->idle);
	out->iowait = ticks_ns(out->iowait);
	return true;
}

void host_memory(struct host_memory *out)
{
	static const char path[] = "/proc/meminfo";

	out->total_kib = number_after(path, "MemTotal:");
	out->free_kib = number_after(path, "MemFree:");
	out->buffers_kib = number_after(path, "Buffers:");
	out->cached_kib = number_after(path, "Cached:");
}
