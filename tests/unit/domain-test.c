/* SPDX-License-Identifier: MIT */
/* The door for domain XML: what it takes, and what it refuses by name. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "broker/registry.h"
#include "guests/domain.h"

#define HEAD   "<domain type='kvm'><name>ada</name>"
#define MEMORY "<memory unit='MiB'>64</memory>"
#define OS                                           \
	"<os><type arch='x86_64'>hvm</type><kernel>" \
	"/boot/guest.elf</kernel></os>"
#define TAIL  "</domain>"
#define WHOLE HEAD MEMORY OS TAIL

static void read_right(struct domain *domain, const char *xml)
{
	struct err err = {.text = ""};

	if (domain_read(domain, xml, &err) < 0)
		fail_msg("%s: %s", xml, err.text);
}

static void assert_refused(const char *xml, int code, const char *part)
{
	struct domain domain;
	struct err err = {.text = ""};
	int r = domain_read(&domain, xml, &err);

	if (r != -code || strstr(err.text, part) == NULL)
		fail_msg("%s: %d `%s`, which is not %d `%s`", xml, r, err.text,
			 -code, part);
	assert_null(domain.kernel);
}

static void fills_in_what_is_not_said(void **state)
{
	struct domain domain;
	uint8_t uuid[16];

	(void)state;
	read_right(&domain, WHOLE);
	registry_uuid(uuid, "ada");
	assert_string_equal(domain.name, "ada");
	assert_memory_equal(domain.uuid, uuid, 16);
	assert_string_equal(domain.pool, "default");
	assert_string_equal(domain.kernel, "/boot/guest.elf");
	assert_null(domain.cmdline);
	assert_int_equal(domain.maximum, 32);
	assert_int_equal(domain.limit, 32);
	assert_int_equal(domain.guarantee, 2);
	assert_int_equal(domain.memory, 2);
	assert_int_equal(domain.cpus, 1);
	domain_clear(&domain);
}

/* As virsh edit and virt-manager write it, with all that is harmless. */
static const char full[] =
	"<?xml version='1.0'?>\n"
	"<!-- WARNING: THIS IS AN AUTO-GENERATED FILE -->\n"
	"<domain type='kvm' id='7'>\n"
	"  <name>ada</name>\n"
	"  <uuid>6b1e0a1c-3b54-4e0c-9d0e-0f3f6d2d9a11</uuid>\n"
	"  <title>Ada's &lt;guest&gt;</title>\n"
	"  <description>two\n\tlines</description>\n"
	"  <metadata>\n"
	"    <o:os xmlns:o='http://libosinfo.org/' id='x'>"
	"<o:v>1</o:v></o:os>\n"
	"    <labyrinth:guest xmlns:labyrinth='urn:labyrinth:libvirt:1'>\n"
	"      <labyrinth:name>ada</labyrinth:name>\n"
	"      <labyrinth:pool>other</labyrinth:pool>\n"
	"      <labyrinth:pid>12</labyrinth:pid>\n"
	"      <labyrinth:pages granted='1' free='2'/>\n"
	"      <labyrinth:leases unit='2MiB' held='9' boot='3' guarantee='4' "
	"limit='9'/>\n"
	"    </labyrinth:guest>\n"
	"  </metadata>\n"
	"  <memory unit='GiB' dumpCore='off'>1</memory>\n"
	"  <currentMemory>99999</currentMemory>\n"
	"  <memtune><hard_limit unit='M'>96</hard_limit>"
	"<min_guarantee>8192</min_guarantee></memtune>\n"
	"  <vcpu placement='static' current='4'>4</vcpu>\n"
	"  <os><type arch='x86_64' machine='labyrinth'>hvm</type>"
	"<kernel>/boot/g</kernel><cmdline>one two</cmdline></os>\n"
	"  <cpu mode='host-passthrough' check='none' migratable='on'/>\n"
	"  <features><apic/><pae/></features>\n"
	"  <clock offset='utc'><timer name='hpet' present='no'/>"
	"<timer name='pit' present='no'/></clock>\n"
	"  <pm><suspend-to-mem enabled='no'/></pm>\n"
	"  <on_poweroff>destroy</on_poweroff>\n"
	"  <on_reboot>restart</on_reboot>\n"
	"  <on_crash>destroy</on_crash>\n"
	"  <devices><memballoon model='none'/>"
	"<controller type='usb' model='none'/><console type='pty'><target "
	"type='serial' port='0'/>"
	"</console></devices>\n"
	"</domain>\n";

static void assert_full(const struct domain *domain)
{
	assert_int_equal(domain->uuid[0], 0x6b);
	assert_string_equal(domain->title, "Ada's <guest>");
	assert_string_equal(domain->description, "two\n\tlines");
	assert_string_equal(domain->pool, "other");
	assert_non_null(strstr(domain->metadata, "http://libosinfo.org/"));
	assert_non_null(strstr(domain->metadata, "<o:v>1</o:v>"));
	assert_int_equal(domain->maximum, 512);
	assert_int_equal(domain->limit, 48); /* the hard limit is less */
	assert_int_equal(domain->guarantee, 4);
	assert_int_equal(domain->memory, 3);
	assert_int_equal(domain->cpus, 4);
	assert_string_equal(domain->cmdline, "one two");
}

/* Each by its namespace, whole, and with that; nobody else's. */
static void has_each_one_s_notes(void **state)
{
	struct domain domain;
	char *text = NULL;

	(void)state;
	read_right(&domain, full);
	assert_int_equal(
		domain_element(&domain, "http://libosinfo.org/", &text), 0);
	assert_string_equal(text, "<o:os xmlns:o=\"http://libosinfo.org/\" "
				  "id=\"x\"><o:v>1</o:v></o:os>");
	free(text);
	assert_int_equal(
		domain_element(&domain, "urn:labyrinth:libvirt:1", &text), 0);
	assert_non_null(strstr(text, "other</labyrinth:pool>"));
	free(text);
	assert_int_equal(domain_element(&domain, "urn:other", &text), -ENOENT);
	domain_clear(&domain);
}

static void reads_what_it_writes(void **state)
{
	struct domain one, two;

	(void)state;
	read_right(&one, full);
	assert_full(&one);
	cleanup_free char *first = domain_write(&one);
	read_right(&two, first);
	assert_full(&two);
	cleanup_free char *second = domain_write(&two);
	assert_string_equal(first, second);
	domain_clear(&one);
	domain_clear(&two);
}

/* Every byte that XML carries: a kernel is still the same file. */
static void keeps_what_xml_carries(void **state)
{
	struct domain domain, again;

	(void)state;
	read_right(&domain, HEAD MEMORY "<os><type>hvm</type><kernel>/boot/"
					"a\x7f&#13;\tb</kernel></os>" TAIL);
	cleanup_free char *xml = domain_write(&domain);
	assert_non_null(xml);
	read_right(&again, xml);
	assert_string_equal(domain.kernel, "/boot/a\x7f\r\tb");
	assert_string_equal(again.kernel, domain.kernel);
	domain_clear(&domain);
	domain_clear(&again);
}

static void refuses_by_name(void **state)
{
	static const struct {
		const char *xml;
		const char *part;
	} cases[] = {
		{"<vm/>", "/vm: this is no domain"},
		{"<domain xmlns='urn:x'/>", "this is no domain"},
		{"<domain type='qemu'>" TAIL, "/domain/@type"},
		{"<domain type='kvm' x='1'>" TAIL, "/domain/@x"},
		{HEAD "<genid/>" TAIL, "/domain/genid"},
		{HEAD "<name>eve</name>" TAIL, "/domain/name[2]: there is one"},
		{HEAD "hello" TAIL, "/domain/text(): this belongs nowhere"},
		{HEAD "<x:memory xmlns:x='urn:x'>1</x:memory>" TAIL,
		 "/domain/x:memory"},
		{HEAD "<memory unit='MiB' x='1'>4</memory>" TAIL,
		 "/domain/memory/@x"},
		{HEAD "<memory dumpCore='on'>4</memory>" TAIL,
		 "/domain/memory/@dumpCore"},
		{HEAD "<memory unit='pages'>4</memory>" TAIL, "this unit"},
		{HEAD "<memory>4<x/></memory>" TAIL, "/domain/memory/x"},
		{HEAD "<maxMemory slots='1'>4</maxMemory>" TAIL,
		 "/domain/maxMemory"},
		{HEAD "<memoryBacking><hugepages/></memoryBacking>" TAIL,
		 "/domain/memoryBacking"},
		{HEAD "<memtune><soft_limit>1</soft_limit></memtune>" TAIL,
		 "/domain/memtune/soft_limit"},
		{HEAD "<vcpu cpuset='1'>1</vcpu>" TAIL, "/domain/vcpu/@cpuset"},
		{HEAD "<vcpu placement='auto'>1</vcpu>" TAIL,
		 "/domain/vcpu/@placement"},
		{HEAD "<vcpu current='1'>2</vcpu>" TAIL, "leave out"},
		{HEAD "<cputune/>" TAIL, "/domain/cputune"},
		{HEAD "<numatune/>" TAIL, "/domain/numatune"},
		{HEAD "<os><type>linux</type></os>" TAIL, "/domain/os/type"},
		{HEAD "<os><type arch='i686'>hvm</type></os>" TAIL,
		 "/domain/os/type/@arch"},
		{HEAD "<os><type machine='q35'>hvm</type></os>" TAIL,
		 "/domain/os/type/@machine"},
		{HEAD "<os firmware='efi'/>" TAIL, "/domain/os/@firmware"},
		{HEAD "<os><loader/></os>" TAIL, "/domain/os/loader"},
		{HEAD "<os><initrd>/i</initrd></os>" TAIL, "/domain/os/initrd"},
		{HEAD "<os><boot dev='hd'/></os>" TAIL, "/domain/os/boot"},
		{HEAD "<seclabel/>" TAIL, "/domain/seclabel"},
		{HEAD "<l:guest xmlns:l='urn:labyrinth:libvirt:1'/>" TAIL,
		 "/domain/l:guest"},
		{HEAD "<metadata><l:x xmlns:l='urn:labyrinth:libvirt:1'/>"
		      "</metadata>" TAIL,
		 "/domain/metadata/l:x"},
		{HEAD "<metadata><l:guest xmlns:l='urn:labyrinth:libvirt:1'>"
		      "<l:window/></l:guest></metadata>" TAIL,
		 "/domain/metadata/l:guest/l:window"},
		{HEAD "<metadata><l:guest xmlns:l='urn:labyrinth:libvirt:1'>"
		      "<l:leases unit='KiB'/></l:guest></metadata>" TAIL,
		 "/domain/metadata/l:guest/l:leases/@unit"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].xml, ENOTSUP, cases[i].part);
}

static void refuses_what_no_guest_has(void **state)
{
	static const struct {
		const char *xml;
		const char *part;
	} cases[] = {
		{HEAD "<features><acpi/></features>" TAIL,
		 "/domain/features/acpi: a guest has no ACPI"},
		{HEAD "<features><smm/></features>" TAIL,
		 "/domain/features/smm"},
		{HEAD "<cpu mode='custom'/>" TAIL, "/domain/cpu/@mode"},
		{HEAD "<cpu><model>x</model></cpu>" TAIL, "/domain/cpu/model"},
		{HEAD "<clock offset='localtime'/>" TAIL,
		 "/domain/clock/@offset"},
		{HEAD "<clock><timer name='rtc'/></clock>" TAIL,
		 "/domain/clock/timer: a guest has no such timer"},
		{HEAD "<clock><timer name='hpet' present='yes'/></clock>" TAIL,
		 "/domain/clock/timer/@present"},
		{HEAD "<clock><timer name='tsc' present='no'/></clock>" TAIL,
		 "/domain/clock/timer/@name"},
		{HEAD "<on_poweroff>restart</on_poweroff>" TAIL,
		 "/domain/on_poweroff: this is not supported: write destroy"},
		{HEAD "<on_crash>preserve</on_crash>" TAIL, "/domain/on_crash"},
		{HEAD "<pm><suspend-to-mem enabled='yes'/></pm>" TAIL,
		 "/domain/pm/suspend-to-mem/@enabled: this is not supported: "
		 "write no"},
		{HEAD "<devices><emulator>/q</emulator></devices>" TAIL,
		 "/domain/devices/emulator: labyrinthd starts"},
		{HEAD "<devices><controller type='usb' model='ich9-uhci1'/>"
		      "</devices>" TAIL,
		 "/domain/devices/controller/@model"},
		{HEAD "<devices><memballoon model='virtio'/></devices>" TAIL,
		 "/domain/devices/memballoon/@model"},
		{HEAD "<devices><serial type='pty'/></devices>" TAIL,
		 "/domain/devices/serial"},
		{HEAD "<devices><disk type='file'/></devices>" TAIL,
		 "/domain/devices/disk"},
		{HEAD "<devices><interface/></devices>" TAIL,
		 "/domain/devices/interface"},
		{HEAD "<devices><console type='tcp'/></devices>" TAIL,
		 "/domain/devices/console/@type"},
		{HEAD "<devices><console type='pty'><target port='1'/>"
		      "</console></devices>" TAIL,
		 "/domain/devices/console/target/@port"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].xml, ENOTSUP, cases[i].part);
}

static void refuses_wrong_values(void **state)
{
	static const struct {
		const char *xml;
		const char *part;
	} cases[] = {
		{HEAD TAIL, "needs a name, a memory, and an os"},
		{HEAD MEMORY TAIL, "needs a name"},
		{HEAD OS TAIL, "needs a name"},
		{"<domain type='kvm'>" MEMORY OS TAIL, "needs a name"},
		{"<domain type='kvm'><name>a b</name>" TAIL, "/domain/name"},
		{"<domain type='kvm'><name/>" TAIL, "/domain/name"},
		{"<domain type='kvm'><name>../x</name>" TAIL, "/domain/name"},
		{HEAD "<uuid>1234</uuid>" TAIL, "/domain/uuid: this is no"},
		{HEAD "<memory>-4</memory>" TAIL, "this is no size"},
		{HEAD "<memory>4.5</memory>" TAIL, "this is no size"},
		{HEAD "<memory>0</memory>" TAIL, "1 byte to 1 TiB"},
		{HEAD "<memory unit='TiB'>2</memory>" TAIL, "1 byte to 1 TiB"},
		{HEAD "<memory unit='TiB'>16777216</memory>" TAIL,
		 "1 byte to 1 TiB"},
		{HEAD "<vcpu>0</vcpu>" TAIL, "1 to 64 processors"},
		{HEAD "<vcpu>65</vcpu>" TAIL, "1 to 64 processors"},
		{HEAD "<os><kernel>guest</kernel></os>" TAIL,
		 "/domain/os/kernel"},
		{HEAD "<os><cmdline>0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 "
		      "1 2 3 4 5 6 7 8 9 0 1 2</cmdline></os>" TAIL,
		 "at most 32 words"},
		{HEAD MEMORY OS
		 "<currentMemory unit='M'>66</currentMemory>" TAIL,
		 "does not hold"},
		{HEAD MEMORY OS "<memtune><min_guarantee unit='M'>66"
				"</min_guarantee></memtune>" TAIL,
		 "does not hold"},
		{HEAD MEMORY OS
		 "<metadata><l:guest xmlns:l='urn:labyrinth:libvirt:1'>"
		 "<l:leases boot='3'/></l:guest></metadata>"
		 "<memtune><min_guarantee unit='M'>4</min_guarantee>"
		 "</memtune>" TAIL,
		 "does not hold"},
		{HEAD "<memory unit='GiB'>8</memory>" OS
		      "<metadata><l:guest xmlns:l='urn:labyrinth:libvirt:1'>"
		      "<l:leases boot='1537'/></l:guest></metadata>" TAIL,
		 "boot RAM of more than 3 GiB"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].xml, EINVAL, cases[i].part);
}

static void takes_numbers_at_their_ends(void **state)
{
	struct domain domain;

	(void)state;
	read_right(&domain,
		   HEAD "<memory unit='TiB'>1</memory><vcpu>64</vcpu>" OS TAIL);
	assert_int_equal(domain.maximum, DOMAIN_LEASES_MAX);
	assert_int_equal(domain.cpus, 64);
	domain_clear(&domain);
	/* Sizes are rounded up to whole leases. */
	read_right(&domain, HEAD "<memory unit='b'>2097153</memory>" OS TAIL);
	assert_int_equal(domain.maximum, 2);
	domain_clear(&domain);
	read_right(&domain, HEAD "<memory unit='b'>1</memory>" OS TAIL);
	assert_int_equal(domain.maximum, 1);
	assert_int_equal(domain.guarantee, 1);
	assert_int_equal(domain.memory, 1);
	domain_clear(&domain);
}

static void refuses_what_is_no_xml(void **state)
{
	(void)state;
	assert_refused("", EBADMSG, "no domain XML");
	assert_refused("<domain>", EBADMSG, "line 1");
	assert_refused(HEAD "<a></b>" TAIL, EBADMSG, "line 1");
	assert_refused("<domain>&x;</domain>", EBADMSG, "line 1");
}

/* Nothing of a document type is looked at: neither entities nor files. */
static void refuses_document_types(void **state)
{
	(void)state;
	assert_refused("<!DOCTYPE domain [<!ENTITY x SYSTEM "
		       "'file:///etc/hostname'>]>" HEAD MEMORY
		       "<title>&x;</title>" OS TAIL,
		       EBADMSG, "document type");
	assert_refused("<!DOCTYPE domain SYSTEM 'file:///x.dtd'>" WHOLE,
		       EBADMSG, "document type");
}

static void bounds_what_it_reads(void **state)
{
	cleanup_free char *text = malloc(2 * DOMAIN_XML_MAX);

	(void)state;
	assert_non_null(text);
	sprintf(text, HEAD "<title>%04096d</title>" MEMORY OS TAIL, 0);
	assert_refused(text, EINVAL, "/domain/title: it is longer");
	sprintf(text, HEAD "<!-- %065536d -->" MEMORY OS TAIL, 0);
	assert_refused(text, EBADMSG, "at most 65536 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_in_what_is_not_said),
		cmocka_unit_test(has_each_one_s_notes),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(keeps_what_xml_carries),
		cmocka_unit_test(refuses_by_name),
		cmocka_unit_test(refuses_what_no_guest_has),
		cmocka_unit_test(refuses_wrong_values),
		cmocka_unit_test(takes_numbers_at_their_ends),
		cmocka_unit_test(refuses_what_is_no_xml),
		cmocka_unit_test(refuses_document_types),
		cmocka_unit_test(bounds_what_it_reads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
