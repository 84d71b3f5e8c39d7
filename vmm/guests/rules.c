/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "guests/rules.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <libxml/parser.h>

#include "wire/xmltext.h"

int rules_refuse(struct err *err, int code, xmlNodePtr node, const char *why)
{
	xmlChar *path = xmlGetNodePath(node);

	err_say(err, code, "%s: %s",
		path != NULL ? (const char *)path : "an element", why);
	xmlFree(path);
	return -code;
}

bool rules_ours(const xmlNode *node)
{
	return node->ns != NULL &&
	       strcmp((const char *)node->ns->href, XML_NAMESPACE) == 0;
}

/* One walk: who takes, and where a refusal goes. */
struct walk {
	void *context;
	struct err *err;
};

/* Is it one of a few; or are there none? */
static bool among(const char *const values[RULE_VALUES], const char *text)
{
	for (int i = 0; i < RULE_VALUES && values[i] != NULL; i++) {
		if (strcmp(values[i], text) == 0)
			return true;
	}
	return values[0] == NULL;
}

/* Refuse a value, and name those that are right. */
static int refuse_value(struct err *err, xmlNodePtr node,
			const char *const values[RULE_VALUES])
{
	char why[128] = "this is not supported: write";

	for (int i = 0; i < RULE_VALUES && values[i] != NULL; i++) {
		size_t used = strlen(why);
		snprintf(why + used, sizeof(why) - used, "%s %s",
			 i > 0 ? " or" : "", values[i]);
	}
	return rules_refuse(err, ENOTSUP, node, why);
}

static int check_attribute(struct walk *self, xmlNodePtr node,
			   xmlAttrPtr attribute, const struct rule *rule)
{
	const struct rule_attribute *known = rule->attributes;
	xmlNodePtr as_node = (xmlNodePtr)attribute;
	size_t i = 0;

	while (i < RULE_ATTRIBUTES && known[i].name != NULL &&
	       (attribute->ns != NULL ||
		strcmp(known[i].name, (const char *)attribute->name) != 0))
		i++;
	if (i == RULE_ATTRIBUTES || known[i].name == NULL)
		return rules_refuse(self->err, ENOTSUP, as_node,
				    "this element is not known here");
	xmlChar *value = xmlGetNoNsProp(node, attribute->name);
	bool right =
		value != NULL && among(known[i].values, (const char *)value);
	xmlFree(value);
	return right ? 0 : refuse_value(self->err, as_node, known[i].values);
}

/* Ours in ours, and libvirt's in libvirt's, but where a rule says ours. */
static bool fits(const struct rule *rule, const xmlNode *node)
{
	return rules_ours(node->parent) || rule->ours ? rules_ours(node)
						      : node->ns == NULL;
}

static const struct rule *rule_of(const struct rule *rules, xmlNodePtr node)
{
	while (rules->name != NULL &&
	       (strcmp(rules->name, (const char *)node->name) != 0 ||
		!fits(rules, node)))
		rules++;
	return rules->name != NULL ? rules : NULL;
}

static int walk(struct walk *self, xmlNodePtr node, const struct rule *rule);

/* An element below another whose children have these rules. */
static int walk_child(struct walk *self, xmlNodePtr node,
		      const struct rule *rules, uint32_t *seen)
{
	if (node->type == XML_COMMENT_NODE || xmlIsBlankNode(node))
		return 0;
	if (node->type != XML_ELEMENT_NODE)
		return rules_refuse(self->err, ENOTSUP, node,
				    "this belongs nowhere");
	const struct rule *rule = rule_of(rules, node);
	if (rule == NULL)
		return rules_refuse(self->err, ENOTSUP, node,
				    "this element is not known here");
	if (rule->refused != NULL)
		return rules_refuse(self->err, ENOTSUP, node, rule->refused);
	uint32_t bit = UINT32_C(1) << (rule - rules);
	if ((*seen & bit) != 0 && !rule->many)
		return rules_refuse(self->err, ENOTSUP, node,
				    "there is one already");
	*seen |= bit;
	return walk(self, node, rule);
}

/* The text of an element, without an element in it. */
static int walk_text(struct walk *self, xmlNodePtr node,
		     const struct rule *rule)
{
	for (xmlNodePtr at = node->children; at != NULL; at = at->next) {
		if (at->type == XML_ELEMENT_NODE)
			return rules_refuse(self->err, ENOTSUP, at,
					    "this element is not known here");
	}
	xmlChar *text = xmlNodeGetContent(node);
	if (text == NULL)
		return err_set(self->err, ENOMEM, "read XML");
	int r = 0;
	if (strlen((const char *)text) >= RULE_TEXT_MAX)
		r = rules_refuse(self->err, EINVAL, node,
				 "it is longer than 4 KiB");
	else if (!among(rule->texts, (const char *)text))
		r = refuse_value(self->err, node, rule->texts);
	else if (rule->take != NULL)
		r = rule->take(self->context, node, (const char *)text,
			       self->err);
	xmlFree(text);
	return r;
}

static int walk(struct walk *self, xmlNodePtr node, const struct rule *rule)
{
	uint32_t seen = 0;
	int r = 0;

	if (rule->skipped)
		return 0;

	for (xmlAttrPtr a = node->properties; a != NULL && r == 0; a = a->next)
		r = check_attribute(self, node, a, rule);
	if (r < 0)
		return r;
	if (rule->whole)
		return rule->take(self->context, node, NULL, self->err);
	if (rule->children == NULL)
		return walk_text(self, node, rule);
	for (xmlNodePtr at = node->children; at != NULL && r == 0;
	     at = at->next)
		r = walk_child(self, at, rule->children, &seen);
	return r;
}

int rules_walk(const struct rule *rule, xmlNodePtr node, void *context,
	       struct err *err)
{
	struct walk self = {context, err};

	return walk(&self, node, rule);
}

int rules_root(const struct rule *rule, xmlDocPtr doc, void *context,
	       struct err *err)
{
	xmlNodePtr root = xmlDocGetRootElement(doc);
	char why[64];

	if (root->ns == NULL &&
	    strcmp((const char *)root->name, rule->name) == 0)
		return rules_walk(rule, root, context, err);
	snprintf(why, sizeof(why), "this is no %s", rule->name);
	return rules_refuse(err, ENOTSUP, root, why);
}

/* A document type: entities, and files to be opened. Before any is read. */
static void refuse_dtd(void *context, const xmlChar *name,
		       const xmlChar *external, const xmlChar *system)
{
	xmlParserCtxtPtr parser = context;
	bool *refused = parser->_private;

	(void)name, (void)external, (void)system;
	*refused = true;
	xmlStopParser(parser);
}

xmlDocPtr rules_parse(const char *xml, const char *what, size_t most,
		      struct err *err)
{
	size_t bytes = strlen(xml);
	char why[128] = "it has a document type";
	bool refused = false;

	if (bytes > most) {
		err_say(err, EBADMSG, "a %s's XML has at most %zu bytes", what,
			most);
		return NULL;
	}
	xmlParserCtxtPtr context = xmlNewParserCtxt();
	if (context == NULL) {
		err_set(err, ENOMEM, "read XML");
		return NULL;
	}
	context->sax->internalSubset = refuse_dtd;
	context->_private = &refused;
	xmlDocPtr doc = xmlCtxtReadMemory(context, xml, (int)bytes, NULL, NULL,
					  XML_PARSE_NONET | XML_PARSE_NOERROR |
						  XML_PARSE_NOWARNING |
						  XML_PARSE_NOCDATA);
	if (doc == NULL && !refused && context->lastError.message != NULL) {
		snprintf(why, sizeof(why), "line %d: %s",
			 context->lastError.line, context->lastError.message);
		why[strcspn(why, "\n")] = '\0';
	}
	xmlFreeParserCtxt(context);
	if (refused && doc != NULL) {
		xmlFreeDoc(doc); /* what was read before it */
		doc = NULL;
	}
	if (doc == NULL)
		err_say(err, EBADMSG, "this is no %s XML: %s", what, why);
	return doc;
}
