/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/admin.h"

#include <errno.h>
#include <unistd.h>

#include "broker/audit.h"

bool admin_asks(uint16_t type)
{
	return type == LAB_LEASE_AUDIT || type == LAB_LEASE_REVOKE;
}

static int audit(const struct registry *registry, struct lab_lease_msg *answer,
		 int *fd, struct err *err)
{
	int r = audit_take(registry, err);

	if (r < 0)
		return r;
	*fd = r;
	answer->type = LAB_LEASE_AUDITED;
	answer->audited.bytes = audit_bytes(registry);
	return 0;
}

/* How many leases the question is about. */
static uint64_t how_many(const struct guest *guest,
			 const struct lab_lease_msg *question)
{
	const struct account *account = &guest->account;
	uint64_t wanted = question->revoke.leases;
	uint64_t held = account->held - guest->due;

	if (wanted == 0)
		return registry_excess(guest);
	return wanted < held ? wanted : held;
}

static int revoke_from(struct registry *registry, admin_take *take,
		       const struct lab_lease_msg *question,
		       struct lab_lease_msg *answer, struct err *err)
{
	if (!registry_name_valid(question->revoke.name))
		return err_say(err, EINVAL, "the name of a guest is none");
	struct guest *guest =
		registry_find_guest(registry, question->revoke.name);
	if (guest == NULL || guest->session == NULL)
		return err_say(err, ENOENT, "there is no guest named %s",
			       question->revoke.name);
	uint64_t count = how_many(guest, question);
	answer->type = LAB_LEASE_TAKEN;
	for (uint64_t i = 0; i < count; i++)
		take(guest->session, LAB_REVOKE_ADMIN);
	answer->taken.leases = count;
	return 0;
}

int admin_answer(struct registry *registry, admin_take *take, uid_t uid,
		 const struct lab_lease_msg *question,
		 struct lab_lease_msg *answer, int *fd, struct err *err)
{
	if (uid != 0 && uid != geteuid())
		return err_say(err, EPERM,
			       "only root and the broker's own user may ask "
			       "this, not user %u",
			       (unsigned int)uid);
	return question->type == LAB_LEASE_AUDIT
		       ? audit(registry, answer, fd, err)
		       : revoke_from(registry, take, question, answer, err);
}
