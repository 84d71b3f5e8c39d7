/* SPDX-License-Identifier: MIT */
/*
 * Writing XML as libvirt does: elements from plain values, into one text. A
 * byte that XML cannot carry becomes `?`. Whatever fails is told at the end.
 */
#ifndef LABYRINTH_WIRE_XMLTEXT_H
#define LABYRINTH_WIRE_XMLTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <libxml/xmlwriter.h>

/* Of elements that libvirt has no word for. */
#define XML_NAMESPACE "urn:labyrinth:libvirt:1"

/* A text being written; the first failure sticks. */
struct xml {
	xmlBufferPtr buffer;
	xmlTextWriterPtr writer;
	bool failed;
};

void xml_begin(struct xml *xml);

/* The text, for the caller to free; NULL when anything failed. */
char *xml_finish(struct xml *xml);

/* An element, from here to its end; what comes between is in it. */
void xml_start(struct xml *xml, const char *name);
void xml_end(struct xml *xml);

/* Of the element that was started last: at most 511 bytes. */
void xml_attribute(struct xml *xml, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void xml_text(struct xml *xml, const char *value);

/* What is XML already. */
void xml_raw(struct xml *xml, const char *text);

/* Whole elements: of a text, a number, a number with a unit, a uuid. */
void xml_element(struct xml *xml, const char *name, const char *value);
void xml_number(struct xml *xml, const char *name, uint64_t value);
void xml_size(struct xml *xml, const char *name, const char *unit,
	      uint64_t value);
void xml_uuid(struct xml *xml, const uint8_t *uuid);

#endif
