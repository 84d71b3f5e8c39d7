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

struct host_usage host_usage(pid_t pid)
{
	const uint64_t tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	struct host_usage usage = {0};
	char path[32], stat[1024];
	uint64_t pages;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return usage;
	size_t bytes = fread(stat, 1, sizeof(stat) - 1, file);
	fclose(file);
	stat[bytes] = '\0';
	/*
	 * The 14th, 15th and 24th field, counted past the command's name,
	 * which may hold anything, a parenthesis too.
	 */
	const char *rest = strrchr(stat, ')');
	if (rest == NULL ||
	    sscanf(rest + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64
		   " %" SCNu64 " %*d %*d %*d %*d %*d %*d %*u %*u %" SCNu64,
		   &usage.user, &usage.system, &pages) != 3)
		return (struct host_usage){0};
	usage.user *= tick;
	usage.system *= tick;
	usage.rss_kib = pages * ((uint64_t)sysconf(_SC_PAGESIZE) / 1024);
	return usage;
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
	const uint64_t tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
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
	out->user = (out->user + nice) * tick;
	out->kernel = (out->kernel + irq + softirq) * tick;
	out->idle *= tick;
	out->iowait *= tick;
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
