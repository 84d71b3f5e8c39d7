/* SPDX-License-Identifier: MIT */
/* The three descriptors that every program finds open, and believes in. */
#ifndef LABYRINTH_BASE_STANDARD_H
#define LABYRINTH_BASE_STANDARD_H

/*
 * Call first in main(). Puts /dev/null where standard input, output or error
 * is closed, so that no socket or device of ours gets that number, and text
 * for people with it. From then on, writing where nobody reads any more is an
 * error (EPIPE) and not the end of the process.
 */
void standard_prepare(void);

#endif
