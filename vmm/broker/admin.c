/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/admin.h"

#include <errno.h>
#include <unistd.h>

#include "broker/audit.h"

#define US_PER_MS UINT64_C(1000)

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
static uint32_t how_many(const struct guest *guest,
			 const struct lab_lease_msg *question)
{
	uint32_t held = registry_kept(guest);
	uint64_t wanted = question->revoke.leases;

	if (wanted == 0)
		return registry_excess(guest);
	return wanted < held ? (uint32_t)wanted : held;
}

static int revoke_from(const struct admin *self,
		       const struct lab_lease_msg *question,
		       struct lab_lease_msg *answer, struct err *err)
{
	uint32_t grace = question->revoke.grace_ms;

	if (grace > LAB_GRACE_MAX)
		return err_say(err, EINVAL,
			       "a guest is given %d ms at most, not %u",
			       LAB_GRACE_MAX, grace);
	if (!registry_name_valid(question->revoke.name))
		return err_say(err, EINVAL, "the name of a guest is none");
	struct guest *guest =
		registry_find_guest(self->registry, question->revoke.name);
	if (guest == NULL || guest->session == NULL)
		return err_say(err, ENOENT, "there is no guest named %s",
			       question->revoke.name);
	uint32_t count = how_many(guest, question);
	answer->type = LAB_LEASE_TAKEN;
	if (count == 0)
		return 0;
	int r = self->demand(guest->session, self->asker, count,
			     self->now + grace * US_PER_MS, err);
	return r < 0 ? r : ADMIN_LATER;
}

int admin_answer(const struct admin *self, const struct lab_lease_msg *question,
		 struct lab_lease_msg *answer, int *fd, struct err *err)
{
	if (self->uid != 0 && self->uid != geteuid())
		return err_say(err, EPERM,
			       "only root and the broker's own user may ask "
			       "this, not user %u",
			       (unsigned int)self->uid);
	return question->type == LAB_LEASE_AUDIT
		       ? audit(self->registry, answer, fd, err)
		       : revoke_from(self, question, answer, err);
}
