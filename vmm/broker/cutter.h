/* SPDX-License-Identifier: MIT */
/*
 * Cuts files off, and is held up by none. ftruncate() waits for who is just
 * writing to the file; and that can take as long as the writer likes, if the
 * bytes come from where it says when (userfaultfd, a file system in a process
 * of its own). So a thread waits, and not the broker.
 */
#ifndef LABYRINTH_BROKER_CUTTER_H
#define LABYRINTH_BROKER_CUTTER_H

#include <stdint.h>

/*
 * Truncate a memory file to nothing, by its descriptor and inode number. 0 when
 * it is done, or a negated errno. -EINPROGRESS: it is held up, and goes on;
 * keep the descriptor open and ask again later. -EALREADY: that is still so,
 * for this inode, or for too many.
 */
int cutter_cut(int fd, uint64_t inode);

#endif
