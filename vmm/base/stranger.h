/* SPDX-License-Identifier: MIT */
/*
 * Sockets whose peer may be anybody, and descriptors that come through them.
 * Those that are not wanted are not even received. For the last close of a
 * descriptor is done by whoever receives it, or throws it away unread, and it
 * takes as long as its sender likes: a TCP socket that lingers, a file system
 * in a process of its own. A daemon with one loop would stand still.
 */
#ifndef LABYRINTH_BASE_STRANGER_H
#define LABYRINTH_BASE_STRANGER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Let nobody send descriptors through this UNIX socket any more, nor to those
 * that will be accepted from it, where the kernel can do that (Linux 6.16);
 * elsewhere nothing happens.
 */
void stranger_deny(int socket);

/* accept4(2), of a socket that never waits. The socket, or a negated errno. */
int stranger_accept(int listener);

/*
 * Take one message, or of a stream what is there, at most `bytes`; never waits.
 * Returns its length, 0 at the end (or for an empty message), or a negated
 * errno: -EAGAIN; -EPROTO when a descriptor comes with it or, in a stream,
 * behind it; -EMSGSIZE when it is longer. Both stay unread, so all that is left
 * to do is stranger_close().
 *
 * With fd not NULL one descriptor may come: it is *fd (else that is -1), and
 * the caller's, who lets go of it by stranger_close_file() unless he knows what
 * it is. Several are still -EPROTO.
 */
ssize_t stranger_receive(int socket, void *message, size_t bytes, int *fd);

/* What the kernel knows of a file, whoever made it. */
struct stranger_file {
	uint64_t device; /* as stat(2) has them */
	uint64_t inode;
	uint64_t bytes;
	unsigned int mode;
};

/*
 * Look at a file by a name in a folder (or AT_FDCWD), or by its own descriptor
 * with an empty name. Unlike stat(2) it asks the kernel alone: the file system
 * may be a stranger's process, which never answers. 0, or a negated errno.
 */
int stranger_look(int folder, const char *name, struct stranger_file *out);

/* Close a descriptor that a stranger sent, at once, in a thread of its own. */
void stranger_close_file(int fd);

/*
 * Close the socket, at once; in a thread of its own where descriptors lie
 * unread in it.
 */
void stranger_close(int socket);

#endif
