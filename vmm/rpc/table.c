/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/table.h"

#include <stddef.h>

#include "rpc/handlers.h"

/* libtirpc's own xdr_void() has no prototype that fits. */
static bool_t xdr_nothing(XDR *xdr, void *value)
{
	(void)xdr;
	(void)value;
	return TRUE;
}

#define VOID			      (xdrproc_t) xdr_nothing, 0
#define TYPE(type)		      (xdrproc_t) xdr_##type, sizeof(type)
#define PROC(handler, in, out, flags) PROC_(handler, in, out, flags)
#define PROC_(handler, in_codec, in_bytes, out_codec, out_bytes, flags)  \
	{                                                                \
		handler, in_codec, out_codec, in_bytes, out_bytes, flags \
	}

enum { EARLY = TABLE_EARLY, WRITE = TABLE_WRITE, VIEW = TABLE_VIEW };

static const struct table_entry procedures[] = {
	[RMT_CONNECT_OPEN] =
		PROC(connect_open, TYPE(rmt_open_args), VOID, EARLY),
	[RMT_CONNECT_CLOSE] = PROC(connect_close, VOID, VOID, EARLY),
	[RMT_CONNECT_GET_TYPE] = PROC(connect_type, VOID, TYPE(rmt_str), 0),
	[RMT_CONNECT_GET_VERSION] =
		PROC(connect_version, VOID, TYPE(u_quad_t), 0),
	[RMT_CONNECT_GET_MAX_VCPUS] =
		PROC(connect_max_vcpus, TYPE(rmt_optstr), TYPE(int), 0),
	[RMT_NODE_GET_INFO] = PROC(node_info, VOID, TYPE(rmt_node_info), 0),
	[RMT_CONNECT_GET_CAPABILITIES] =
		PROC(node_capabilities, VOID, TYPE(rmt_text), 0),
	[RMT_DOMAIN_CREATE] =
		PROC(act_start, TYPE(rmt_dom), VOID, VIEW | WRITE),
	[RMT_DOMAIN_CREATE_XML] = PROC(act_create, TYPE(rmt_xml_flags),
				       TYPE(rmt_dom), VIEW | WRITE),
	[RMT_DOMAIN_DEFINE_XML] =
		PROC(act_define, TYPE(rmt_xml), TYPE(rmt_dom), VIEW | WRITE),
	[RMT_DOMAIN_DESTROY] =
		PROC(act_destroy, TYPE(rmt_dom), VOID, VIEW | WRITE),
	[RMT_DOMAIN_GET_XML] =
		PROC(defined_xml, TYPE(rmt_dom_flags), TYPE(rmt_text), VIEW),
	[RMT_DOMAIN_GET_AUTOSTART] =
		PROC(defined_get_autostart, TYPE(rmt_dom), TYPE(int), VIEW),
	[RMT_DOMAIN_GET_INFO] =
		PROC(defined_info, TYPE(rmt_dom), TYPE(rmt_dom_info), VIEW),
	[RMT_DOMAIN_GET_MAX_MEMORY] =
		PROC(defined_max_memory, TYPE(rmt_dom), TYPE(u_quad_t), VIEW),
	[RMT_DOMAIN_GET_MAX_VCPUS] =
		PROC(defined_max_vcpus, TYPE(rmt_dom), TYPE(int), VIEW),
	[RMT_DOMAIN_GET_OS_TYPE] =
		PROC(defined_os_type, TYPE(rmt_dom), TYPE(rmt_str), VIEW),
	[RMT_DOMAIN_GET_VCPUS] =
		PROC(domain_vcpus, TYPE(rmt_vcpus_args), TYPE(rmt_vcpus), VIEW),
	[RMT_CONNECT_LIST_DEFINED_DOMAINS] =
		PROC(defined_list_names, TYPE(int), TYPE(rmt_names), VIEW),
	[RMT_DOMAIN_LOOKUP_BY_ID] =
		PROC(domain_by_id, TYPE(int), TYPE(rmt_dom), VIEW),
	[RMT_DOMAIN_LOOKUP_BY_NAME] =
		PROC(defined_by_name, TYPE(rmt_str), TYPE(rmt_dom), VIEW),
	[RMT_DOMAIN_LOOKUP_BY_UUID] =
		PROC(defined_by_uuid, TYPE(rmt_uuid), TYPE(rmt_dom), VIEW),
	[RMT_CONNECT_NUM_DEFINED_DOMAINS] =
		PROC(defined_count, VOID, TYPE(int), VIEW),
	[RMT_DOMAIN_SET_AUTOSTART] =
		PROC(act_autostart, TYPE(rmt_dom_int), VOID, VIEW | WRITE),
	[RMT_DOMAIN_UNDEFINE] =
		PROC(act_undefine, TYPE(rmt_dom), VOID, VIEW | WRITE),
	[RMT_DOMAIN_SET_MAX_MEMORY] = PROC(
		act_set_max_memory, TYPE(rmt_dom_memory), VOID, VIEW | WRITE),
	[RMT_DOMAIN_SET_MEMORY] =
		PROC(act_set_memory, TYPE(rmt_dom_memory), VOID, VIEW | WRITE),
	[RMT_DOMAIN_SET_MEMORY_FLAGS] =
		PROC(act_set_memory_flags, TYPE(rmt_dom_memory_flags), VOID,
		     VIEW | WRITE),
	[RMT_DOMAIN_SHUTDOWN] =
		PROC(act_shutdown, TYPE(rmt_dom), VOID, VIEW | WRITE),
	[RMT_CONNECT_LIST_DOMAINS] =
		PROC(domain_list_ids, TYPE(int), TYPE(rmt_ints), VIEW),
	[RMT_CONNECT_NUM_DEFINED_NETWORKS] =
		PROC(answer_zero, VOID, TYPE(int), 0),
	[RMT_CONNECT_NUM_DOMAINS] = PROC(domain_count, VOID, TYPE(int), VIEW),
	[RMT_CONNECT_NUM_NETWORKS] = PROC(answer_zero, VOID, TYPE(int), 0),
	[RMT_CONNECT_GET_HOSTNAME] =
		PROC(connect_hostname, VOID, TYPE(rmt_str), 0),
	[RMT_CONNECT_SUPPORTS_FEATURE] =
		PROC(connect_feature, TYPE(int), TYPE(int), EARLY),
	[RMT_AUTH_LIST] = PROC(connect_auth_list, VOID, TYPE(rmt_ints), EARLY),
	[RMT_CONNECT_NUM_POOLS] = PROC(pool_count, VOID, TYPE(int), VIEW),
	[RMT_CONNECT_LIST_POOLS] =
		PROC(pool_list_names, TYPE(int), TYPE(rmt_names), VIEW),
	[RMT_CONNECT_NUM_DEFINED_POOLS] =
		PROC(pool_count_inactive, VOID, TYPE(int), VIEW),
	[RMT_CONNECT_LIST_DEFINED_POOLS] =
		PROC(pool_list_inactive, TYPE(int), TYPE(rmt_names), VIEW),
	[RMT_POOL_CREATE_XML] = PROC(pool_create, TYPE(rmt_xml_flags),
				     TYPE(rmt_pool), VIEW | WRITE),
	[RMT_POOL_DEFINE_XML] = PROC(pool_define, TYPE(rmt_xml_flags),
				     TYPE(rmt_pool), VIEW | WRITE),
	[RMT_POOL_CREATE] =
		PROC(pool_start, TYPE(rmt_pool_flags), VOID, VIEW | WRITE),
	[RMT_POOL_BUILD] =
		PROC(pool_build, TYPE(rmt_pool_flags), VOID, VIEW | WRITE),
	[RMT_POOL_DESTROY] =
		PROC(pool_destroy, TYPE(rmt_pool), VOID, VIEW | WRITE),
	[RMT_POOL_UNDEFINE] =
		PROC(pool_undefine, TYPE(rmt_pool), VOID, VIEW | WRITE),
	[RMT_POOL_REFRESH] =
		PROC(pool_refresh, TYPE(rmt_pool_flags), VOID, VIEW | WRITE),
	[RMT_POOL_LOOKUP_BY_NAME] =
		PROC(pool_by_name, TYPE(rmt_str), TYPE(rmt_pool), VIEW),
	[RMT_POOL_LOOKUP_BY_UUID] =
		PROC(pool_by_uuid, TYPE(rmt_uuid), TYPE(rmt_pool), VIEW),
	[RMT_POOL_LOOKUP_BY_VOLUME] =
		PROC(pool_by_volume, TYPE(rmt_vol), TYPE(rmt_pool), VIEW),
	[RMT_POOL_GET_INFO] =
		PROC(pool_info, TYPE(rmt_pool), TYPE(rmt_pool_info), VIEW),
	[RMT_POOL_GET_XML] =
		PROC(pool_xml, TYPE(rmt_pool_flags), TYPE(rmt_text), VIEW),
	[RMT_POOL_GET_AUTOSTART] =
		PROC(pool_get_autostart, TYPE(rmt_pool), TYPE(int), VIEW),
	[RMT_POOL_SET_AUTOSTART] = PROC(pool_set_autostart, TYPE(rmt_pool_int),
					VOID, VIEW | WRITE),
	[RMT_POOL_NUM_VOLUMES] =
		PROC(volume_count, TYPE(rmt_pool), TYPE(int), VIEW),
	[RMT_POOL_LIST_VOLUMES] = PROC(volume_list_names, TYPE(rmt_pool_max),
				       TYPE(rmt_names), VIEW),
	[RMT_VOL_LOOKUP_BY_NAME] =
		PROC(volume_by_name, TYPE(rmt_pool_name), TYPE(rmt_vol), VIEW),
	[RMT_VOL_LOOKUP_BY_KEY] =
		PROC(volume_by_key, TYPE(rmt_str), TYPE(rmt_vol), VIEW),
	[RMT_VOL_LOOKUP_BY_PATH] =
		PROC(volume_by_path, TYPE(rmt_str), TYPE(rmt_vol), VIEW),
	[RMT_VOL_GET_INFO] =
		PROC(volume_info, TYPE(rmt_vol), TYPE(rmt_vol_info), VIEW),
	[RMT_VOL_GET_XML] =
		PROC(volume_xml, TYPE(rmt_vol_flags), TYPE(rmt_text), VIEW),
	[RMT_VOL_GET_PATH] =
		PROC(volume_path, TYPE(rmt_vol), TYPE(rmt_str), VIEW),
	[RMT_NODE_GET_CELLS_FREE] = PROC(node_cells_free, TYPE(rmt_cells_args),
					 TYPE(rmt_counts), 0),
	[RMT_NODE_GET_FREE_MEMORY] =
		PROC(node_free_memory, VOID, TYPE(u_quad_t), 0),
	[RMT_CONNECT_GET_URI] = PROC(connect_uri, VOID, TYPE(rmt_str), 0),
	[RMT_NODE_NUM_DEVICES] =
		PROC(answer_zero, TYPE(rmt_num_args), TYPE(int), 0),
	[RMT_CONNECT_IS_SECURE] = PROC(answer_one, VOID, TYPE(int), 0),
	[RMT_DOMAIN_IS_ACTIVE] =
		PROC(defined_is_active, TYPE(rmt_dom), TYPE(int), VIEW),
	[RMT_DOMAIN_IS_PERSISTENT] =
		PROC(defined_is_persistent, TYPE(rmt_dom), TYPE(int), VIEW),
	[RMT_POOL_IS_ACTIVE] =
		PROC(pool_is_active, TYPE(rmt_pool), TYPE(int), VIEW),
	[RMT_POOL_IS_PERSISTENT] =
		PROC(pool_is_persistent, TYPE(rmt_pool), TYPE(int), VIEW),
	[RMT_CONNECT_GET_LIB_VERSION] =
		PROC(connect_lib_version, VOID, TYPE(u_quad_t), 0),
	[RMT_DOMAIN_MEMORY_STATS] = PROC(domain_memory_stats, TYPE(rmt_dom_max),
					 TYPE(rmt_memory_stats), VIEW),
	[RMT_DOMAIN_HAS_MANAGED_SAVE] =
		PROC(defined_no_flags, TYPE(rmt_dom_flags), TYPE(int), VIEW),
	[RMT_DOMAIN_GET_MEMORY_PARAMS] =
		PROC(domain_memory_params, TYPE(rmt_dom_number),
		     TYPE(rmt_params), VIEW),
	[RMT_DOMAIN_GET_VCPUS_FLAGS] =
		PROC(domain_vcpus_flags, TYPE(rmt_dom_flags), TYPE(int), VIEW),
	[RMT_DOMAIN_OPEN_CONSOLE] =
		PROC(act_console, TYPE(rmt_console_args), VOID, VIEW | WRITE),
	[RMT_DOMAIN_IS_UPDATED] =
		PROC(defined_no, TYPE(rmt_dom), TYPE(int), VIEW),
	[RMT_DOMAIN_GET_STATE] = PROC(defined_state, TYPE(rmt_dom_flags),
				      TYPE(rmt_dom_state), VIEW),
	[RMT_NODE_GET_CPU_STATS] =
		PROC(node_cpu_stats, TYPE(rmt_node_stats_args),
		     TYPE(rmt_node_stats), 0),
	[RMT_NODE_GET_MEMORY_STATS] =
		PROC(node_memory_stats, TYPE(rmt_node_memory_args),
		     TYPE(rmt_node_stats), 0),
	[RMT_DOMAIN_GET_CONTROL_INFO] =
		PROC(domain_control, TYPE(rmt_dom_flags),
		     TYPE(rmt_control_info), VIEW),
	[RMT_DOMAIN_GET_VCPU_PINS] = PROC(domain_vcpu_pins, TYPE(rmt_pins_args),
					  TYPE(rmt_pins), VIEW),
	[RMT_DOMAIN_GET_METADATA] = PROC(metadata_get, TYPE(rmt_metadata_args),
					 TYPE(rmt_text), VIEW),
	[RMT_DOMAIN_CREATE_FLAGS] = PROC(act_start_flags, TYPE(rmt_dom_flags),
					 TYPE(rmt_dom), VIEW | WRITE),
	[RMT_DOMAIN_UNDEFINE_FLAGS] = PROC(
		act_undefine_flags, TYPE(rmt_dom_flags), VOID, VIEW | WRITE),
	[RMT_DOMAIN_DEFINE_XML_FLAGS] =
		PROC(act_define_flags, TYPE(rmt_xml_flags), TYPE(rmt_dom),
		     VIEW | WRITE),
	[RMT_DOMAIN_DESTROY_FLAGS] = PROC(
		act_destroy_flags, TYPE(rmt_dom_flags), VOID, VIEW | WRITE),
	[RMT_DOMAIN_SHUTDOWN_FLAGS] = PROC(
		act_shutdown_flags, TYPE(rmt_dom_flags), VOID, VIEW | WRITE),
	[RMT_CONNECT_LIST_ALL_DOMAINS] = PROC(
		defined_list_all, TYPE(rmt_list_args), TYPE(rmt_doms), VIEW),
	[RMT_DOMAIN_LIST_ALL_SNAPSHOTS] =
		PROC(defined_snapshots, TYPE(rmt_dom_list_args), TYPE(rmt_doms),
		     VIEW),
	[RMT_CONNECT_LIST_ALL_POOLS] =
		PROC(pool_list_all, TYPE(rmt_list_args), TYPE(rmt_pools), VIEW),
	[RMT_POOL_LIST_ALL_VOLUMES] =
		PROC(volume_list_all, TYPE(rmt_pool_list_args), TYPE(rmt_vols),
		     VIEW),
	[RMT_CONNECT_LIST_ALL_NETWORKS] =
		PROC(answer_no_items, TYPE(rmt_list_args), TYPE(rmt_doms), 0),
	[RMT_CONNECT_LIST_ALL_INTERFACES] =
		PROC(answer_no_items, TYPE(rmt_list_args), TYPE(rmt_doms), 0),
	[RMT_CONNECT_LIST_ALL_NODE_DEVICES] =
		PROC(answer_no_items, TYPE(rmt_list_args), TYPE(rmt_doms), 0),
	[RMT_CONNECT_LIST_ALL_NWFILTERS] =
		PROC(answer_no_items, TYPE(rmt_list_args), TYPE(rmt_doms), 0),
	[RMT_CONNECT_LIST_ALL_SECRETS] =
		PROC(answer_no_items, TYPE(rmt_list_args), TYPE(rmt_doms), 0),
	[RMT_NODE_GET_CPU_MAP] =
		PROC(node_cpu_map, TYPE(rmt_map_args), TYPE(rmt_cpu_map), 0),
	[RMT_DOMAIN_EVENT_REGISTER] =
		PROC(wish_domain, TYPE(rmt_dom_event_args), TYPE(int), VIEW),
	[RMT_DOMAIN_EVENT_DEREGISTER] =
		PROC(wish_domain_no_more, TYPE(int), VOID, 0),
	[RMT_NODE_GET_FREE_PAGES] = PROC(node_free_pages, TYPE(rmt_pages_args),
					 TYPE(rmt_counts), VIEW),
	[RMT_CONNECT_DOMAIN_CAPABILITIES] =
		PROC(connect_domain_capabilities, TYPE(rmt_capabilities_args),
		     TYPE(rmt_text), 0),
	[RMT_CONNECT_GET_ALL_STATS] =
		PROC(connect_all_stats, TYPE(rmt_stats_args),
		     TYPE(rmt_all_stats), VIEW),
	[RMT_NODE_ALLOC_PAGES] = PROC(node_alloc_pages, TYPE(rmt_alloc_args),
				      TYPE(int), VIEW | WRITE),
	[RMT_POOL_EVENT_REGISTER] =
		PROC(wish_pool, TYPE(rmt_pool_event_args), TYPE(int), VIEW),
	[RMT_POOL_EVENT_DEREGISTER] =
		PROC(wish_pool_no_more, TYPE(int), VOID, 0),
	[RMT_VOL_GET_INFO_FLAGS] = PROC(volume_info_flags, TYPE(rmt_vol_flags),
					TYPE(rmt_vol_info), VIEW),
	[RMT_POOL_LOOKUP_BY_PATH] =
		PROC(pool_by_path, TYPE(rmt_str), TYPE(rmt_pool), VIEW),
	[RMT_POOL_CAPABILITIES] =
		PROC(pool_capabilities, TYPE(u_int), TYPE(rmt_text), 0),
	[RMT_DOMAIN_GET_MESSAGES] = PROC(defined_messages, TYPE(rmt_dom_flags),
					 TYPE(rmt_names), VIEW),
};

const struct table_entry *table_find(int32_t procedure)
{
	uint32_t number = (uint32_t)procedure;

	if (number >= sizeof(procedures) / sizeof(procedures[0]) ||
	    procedures[number].handler == NULL)
		return NULL;
	return &procedures[number];
}
