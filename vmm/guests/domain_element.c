/* SPDX-License-Identifier: MIT */
/* Metadata of a domain, an element at a time. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "base/cleanup.h"
#include "guests/domain.h"

static bool is_of(const xmlNode *node, const char *uri)
{
	return node->type == XML_ELEMENT_NODE && node->ns != NULL &&
	       strcmp((const char *)node->ns->href, uri) == 0;
}

static const xmlNode *find(const xmlNode *root, const char *uri)
{
	for (const xmlNode *at = root->children; at != NULL; at = at->next) {
		if (strcmp((const char *)at->name, "metadata") != 0)
			continue;
		for (const xmlNode *in = at->children; in != NULL;
		     in = in->next) {
			if (is_of(in, uri))
				return in;
		}
	}
	return NULL;
}

/* Each has its namespace with it, as domain_read() has seen to. */
static char *text_of(xmlDoc *doc, const xmlNode *node)
{
	xmlBuffer *buffer = xmlBufferCreate();
	char *text = NULL;

	if (buffer != NULL &&
	    xmlNodeDump(buffer, doc, (xmlNode *)(uintptr_t)node, 0, 0) >= 0)
		text = strdup((const char *)xmlBufferContent(buffer));
	if (buffer != NULL)
		xmlBufferFree(buffer);
	return text;
}

int domain_element(const struct domain *self, const char *uri, char **out)
{
	cleanup_free char *xml = domain_write(self);

	if (xml == NULL)
		return -ENOMEM;
	xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL,
				    XML_PARSE_NONET);
	if (doc == NULL)
		return -ENOMEM; /* it is our own text */
	const xmlNode *found = find(xmlDocGetRootElement(doc), uri);
	*out = found != NULL ? text_of(doc, found) : NULL;
	xmlFreeDoc(doc);
	if (found == NULL)
		return -ENOENT;
	return *out != NULL ? 0 : -ENOMEM;
}
