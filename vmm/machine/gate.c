/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/gate.h"

void gate_init(struct gate *self)
{
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->changed, NULL);
	atomic_init(&self->closed, false);
	for (unsigned int n = 0; n < LAB_CPUS_MAX; n++)
		atomic_init(&self->inside[n], false);
}

/*
 * The one that enters stores `inside`, then reads `closed`; the one that
 * closes stores `closed`, then reads `inside`. In one total order of these
 * (sequential consistency), at least one of the two sees the other.
 */
void gate_enter(struct gate *self, unsigned int n)
{
	for (;;) {
		atomic_store(&self->inside[n], true);
		if (!atomic_load(&self->closed))
			return;
		pthread_mutex_lock(&self->lock);
		atomic_store(&self->inside[n], false);
		pthread_cond_broadcast(&self->changed);
		while (atomic_load(&self->closed))
			pthread_cond_wait(&self->changed, &self->lock);
		pthread_mutex_unlock(&self->lock);
	}
}

void gate_leave(struct gate *self, unsigned int n)
{
	atomic_store(&self->inside[n], false);
	if (!atomic_load(&self->closed))
		return;
	pthread_mutex_lock(&self->lock);
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
}

void gate_close(struct gate *self, unsigned int count,
		void (*kick)(void *context, unsigned int n), void *context)
{
	pthread_mutex_lock(&self->lock);
	while (atomic_load(&self->closed))
		pthread_cond_wait(&self->changed, &self->lock);
	atomic_store(&self->closed, true);
	for (unsigned int n = 0; n < count; n++) {
		if (atomic_load(&self->inside[n]))
			kick(context, n);
		while (atomic_load(&self->inside[n]))
			pthread_cond_wait(&self->changed, &self->lock);
	}
	pthread_mutex_unlock(&self->lock);
}

void gate_open(struct gate *self)
{
	pthread_mutex_lock(&self->lock);
	atomic_store(&self->closed, false);
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
}
