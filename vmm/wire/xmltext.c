/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "wire/xmltext.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "base/cleanup.h"

void xml_begin(struct xml *xml)
{
	*xml = (struct xml){.buffer = xmlBufferCreate()};
	if (xml->buffer != NULL)
		xml->writer = xmlNewTextWriterMemory(xml->buffer, 0);
	xml->failed = xml->writer == NULL;
	if (xml->failed)
		return;
	/* As libvirt writes it. */
	xmlTextWriterSetIndent(xml->writer, 1);
	xmlTextWriterSetIndentString(xml->writer, BAD_CAST "  ");
	xmlTextWriterSetQuoteChar(xml->writer, '\'');
}

char *xml_finish(struct xml *xml)
{
	char *text = NULL;

	if (!xml->failed && xmlTextWriterFlush(xml->writer) >= 0)
		text = strdup((const char *)xmlBufferContent(xml->buffer));
	if (xml->writer != NULL)
		xmlFreeTextWriter(xml->writer);
	if (xml->buffer != NULL)
		xmlBufferFree(xml->buffer);
	return text;
}

void xml_start(struct xml *xml, const char *name)
{
	if (!xml->failed &&
	    xmlTextWriterStartElement(xml->writer, BAD_CAST name) < 0)
		xml->failed = true;
}

void xml_end(struct xml *xml)
{
	if (!xml->failed && xmlTextWriterEndElement(xml->writer) < 0)
		xml->failed = true;
}

/* A copy that XML can carry; what ends lines, and tabs, stay in a text. NULL:
 * failed. */
static char *clean(struct xml *xml, const char *value, const char *stays)
{
	char *text = strdup(value);

	if (text == NULL) {
		xml->failed = true;
		return NULL;
	}
	bool utf8 = xmlCheckUTF8(BAD_CAST text) != 0;
	for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
		if ((*at < ' ' && strchr(stays, *at) == NULL) ||
		    (!utf8 && *at > 0x7f))
			*at = '?';
	}
	return text;
}

void xml_attribute(struct xml *xml, const char *name, const char *format, ...)
{
	char value[512];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	cleanup_free char *text = clean(xml, value, "");
	if (!xml->failed &&
	    xmlTextWriterWriteAttribute(xml->writer, BAD_CAST name,
					BAD_CAST text) < 0)
		xml->failed = true;
}

void xml_text(struct xml *xml, const char *value)
{
	cleanup_free char *text = clean(xml, value, "\n\r\t");

	if (!xml->failed &&
	    xmlTextWriterWriteString(xml->writer, BAD_CAST text) < 0)
		xml->failed = true;
}

void xml_raw(struct xml *xml, const char *text)
{
	if (!xml->failed &&
	    xmlTextWriterWriteRaw(xml->writer, BAD_CAST text) < 0)
		xml->failed = true;
}

void xml_element(struct xml *xml, const char *name, const char *value)
{
	xml_start(xml, name);
	xml_text(xml, value);
	xml_end(xml);
}

void xml_number(struct xml *xml, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	xml_element(xml, name, text);
}

void xml_size(struct xml *xml, const char *name, const char *unit,
	      uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	xml_start(xml, name);
	xml_attribute(xml, "unit", "%s", unit);
	xml_text(xml, text);
	xml_end(xml);
}

void xml_uuid(struct xml *xml, const uint8_t *uuid)
{
	char text[37];

	uuid_unparse_lower(uuid, text);
	xml_element(xml, "uuid", text);
}
