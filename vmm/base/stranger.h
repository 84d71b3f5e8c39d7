/* SPDX-License-Identifier: MIT */
/*
 * Sockets whose peer may be anybody, and who has no descriptors to send. Those
 * that come all the same are not even received. For the last close of a
 * descriptor is done by whoever receives it, or throws it away unread, and it
 * takes as long as its sender likes: a TCP socket that lingers, a file system
 * in a process of its own. A daemon with one loop would stand still.
 */
#ifndef LABYRINTH_BASE_STRANGER_H
#define LABYRINTH_BASE_STRANGER_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Let nobody send descriptors to those who will be accepted from this UNIX
 * socket, where the kernel can do that (Linux 6.16); elsewhere nothing happens.
 */
void stranger_listen(int listener);

/* accept4(2), of a socket that never waits. The socket, or a negated errno. */
int stranger_accept(int listener);

/*
 * Take one message, or of a stream what is there, at most `bytes`; never waits.
 * Returns its length, 0 at the end (or for an empty message), or a negated
 * errno: -EAGAIN; -EPROTO when a descriptor comes with it or, in a stream,
 * behind it; -EMSGSIZE when it is longer. Both stay unread, so all that is left
 * to do is stranger_close().
 */
ssize_t stranger_receive(int socket, void *message, size_t bytes);

/*
 * Close the socket, at once; in a thread of its own where descriptors lie
 * unread in it.
 */
void stranger_close(int socket);

#endif
