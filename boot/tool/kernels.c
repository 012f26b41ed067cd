// SPDX-License-Identifier: GPL-2.0
/* kernels.c: which kernels there are, which of them the user means, and what is wrong if there is none. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* The number of the kernel we run on. A board without Tombolo counts as 0. */
int own_id(void)
{
	static const char *const nodes[] = { "doorbell", "tombolo" };
	unsigned char raw[8];
	unsigned int i;

	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		FILE *f =
			fopen(path_of("/proc/device-tree/%s/tombolo,kernel-id",
				      nodes[i]),
			      "re");

		if (!f)
			continue;
		if (fread(raw, 1, 4, f) == 4) {
			fclose(f);
			return raw[0] << 24 | raw[1] << 16 | raw[2] << 8 |
			       raw[3];
		}
		fclose(f);
	}
	return 0;
}

static int by_id(const void *a, const void *b)
{
	return ((const struct kernel *)a)->id - ((const struct kernel *)b)->id;
}

/* All that this kernel can start and stop */
int find_kernels(struct kernel *kernels, int max)
{
	DIR *dir = opendir(path_of("/sys/class/remoteproc"));
	struct dirent *entry;
	int n = 0;

	if (!dir)
		return 0;
	while (n < max && (entry = readdir(dir))) {
		long long id;

		if (entry->d_name[0] == '.' ||
		    strlen(entry->d_name) >= sizeof(kernels->rproc))
			continue;
		id = read_number("/sys/class/remoteproc/%s/device/kernel",
				 entry->d_name);
		if (id < 0)
			continue;
		kernels[n].id = id;
		strcpy(kernels[n++].rproc, entry->d_name);
	}
	closedir(dir);
	qsort(kernels, n, sizeof(*kernels), by_id);
	return n;
}

static int no_kernels(void)
{
	if (own_id()) {
		fprintf(stderr,
			"tombolo: this is kernel %d; only kernel 0 starts and stops others\n",
			own_id());
		return EXIT_NO_DRIVER;
	}
	fprintf(stderr,
		"tombolo: no kernel to control: the driver is not loaded (modprobe tombolo-rproc), or the board has one kernel only\n");
	return EXIT_NO_DRIVER;
}

static void no_such(int id, const struct kernel *all, int n)
{
	int i;

	fprintf(stderr, "tombolo: there is no kernel %d to control; there is",
		id);
	for (i = 0; i < n; i++)
		fprintf(stderr, "%s %d", i ? "," : "", all[i].id);
	fprintf(stderr, "\n");
}

/* Number of kernels chosen on the command line, or -exit status */
int choose_kernels(struct kernel *chosen)
{
	struct kernel all[MAX_KERNELS];
	int n = find_kernels(all, MAX_KERNELS);
	int i, k;

	if (!n)
		return -no_kernels();
	if (options.all) {
		memcpy(chosen, all, n * sizeof(*all));
		return n;
	}
	for (i = 0; i < options.nr; i++) {
		for (k = 0; k < n && all[k].id != options.kernels[i]; k++)
			;
		if (k == n) {
			no_such(options.kernels[i], all, n);
			return -EXIT_NO_KERNEL;
		}
		chosen[i] = all[k];
	}
	if (!options.nr) {
		fprintf(stderr,
			"tombolo: which kernel? Give its number or --all\n");
		return -EXIT_USAGE;
	}
	return options.nr;
}

/* The one kernel meant: 0 or an exit status */
int need_kernel(struct kernel *kernel)
{
	struct kernel chosen[MAX_KERNELS];
	int n;

	if (options.nr != 1) {
		fprintf(stderr, "tombolo: give the number of one kernel\n");
		return EXIT_USAGE;
	}
	n = choose_kernels(chosen);
	if (n < 0)
		return -n;
	*kernel = chosen[0];
	return 0;
}

/* Says what an error number means here, and gives the exit status for it */
int explain(int error, const char *what, int id)
{
	switch (-error) {
	case EACCES:
	case EPERM:
		fprintf(stderr, "tombolo: cannot %s kernel %d: only root may\n",
			what, id);
		return EXIT_NOT_ROOT;
	case EBUSY:
		fprintf(stderr,
			"tombolo: cannot %s kernel %d: it does not give its CPUs back; see 'tombolo status' and dmesg\n",
			what, id);
		return EXIT_FAILED;
	case ENOENT:
		fprintf(stderr,
			"tombolo: cannot %s kernel %d: a file is missing in /lib/firmware, or the driver is gone; see dmesg\n",
			what, id);
		return EXIT_FAILED;
	case ENOTCONN:
	case ECONNRESET:
	case EPIPE:
		fprintf(stderr,
			"tombolo: cannot %s kernel %d: the link to it is down; see 'tombolo status'\n",
			what, id);
		return EXIT_FAILED;
	default:
		fprintf(stderr, "tombolo: cannot %s kernel %d: %s; see dmesg\n",
			what, id, strerror(-error));
		return EXIT_FAILED;
	}
}
