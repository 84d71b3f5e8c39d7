/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/command.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "broker/journal.h"
#include "broker/process.h"
#include "broker/session.h"

struct guest *command_find(const struct registry *registry, uint32_t id)
{
	struct guest *guest = registry->first;

	while (guest != NULL && guest->id != id)
		guest = guest->next;
	return guest;
}

static int send_signal(struct registry *registry, uint32_t id, int number,
		       struct guest **out, struct err *err)
{
	struct guest *guest = command_find(registry, id);

	if (guest == NULL)
		return err_say(err, ENOENT, "no guest with the id %u", id);
	int r = process_signal(guest->pid, guest->start, number);
	if (r == -ESRCH)
		return err_say(err, ESRCH,
			       "the process %d of guest %s is gone already",
			       (int)guest->pid, guest->name);
	if (r < 0)
		return err_set(err, -r, "end process %d of guest %s",
			       (int)guest->pid, guest->name);
	log_info("guest %s: process %d was sent a %s", guest->name,
		 (int)guest->pid, number == SIGKILL ? "SIGKILL" : "SIGTERM");
	*out = guest;
	return 0;
}

int command_destroy(struct registry *registry, uint32_t id, struct err *err)
{
	struct guest *guest;

	int r = send_signal(registry, id, SIGKILL, &guest, err);
	if (r < 0)
		return r;
	guest->end = VIEW_END_DESTROYED;
	/* One that is awaited has nobody to speak for it, and what is on its
	 * way to it is not found: its end is seen by broker/adopt. */
	if (guest->session != NULL)
		session_kill(guest->session);
	return 0;
}

int command_shutdown(struct registry *registry, uint32_t id, struct err *err)
{
	struct guest *guest;

	return send_signal(registry, id, SIGTERM, &guest, err);
}

int command_limit(struct registry *registry, uint32_t id, uint64_t leases,
		  struct err *err)
{
	struct guest *guest = command_find(registry, id);

	if (guest == NULL)
		return err_say(err, ENOENT, "no guest with the id %u", id);
	const struct account *account = &guest->account;
	if (leases < account->guarantee || leases > account->maximum)
		return err_say(
			err, ERANGE,
			"the limit of guest %s can be from its guarantee "
			"of %uM to its maximum of %uM, not %lluM",
			guest->name, account->guarantee * 2,
			account->maximum * 2, (unsigned long long)leases * 2);
	struct journal *journal = pool_journal(guest->pool);
	if (journal != NULL)
		journal_limit(journal, guest->slot, (uint32_t)leases);
	ledger_set_limit(&guest->account, (uint32_t)leases);
	pool_shortage(guest->pool)->untold = true;
	log_info("guest %s: its limit is %u leases now", guest->name,
		 account->limit);
	return 0;
}
