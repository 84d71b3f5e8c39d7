/* SPDX-License-Identifier: MIT */
/*
 * Every procedure that is answered, for the table in program.c. Arguments and
 * results are those of the table; what each means for Labyrinth is in
 * docs/rpc-coverage.md.
 */
#ifndef LABYRINTH_RPC_HANDLERS_H
#define LABYRINTH_RPC_HANDLERS_H

#include "rpc/call.h"

#define HANDLER(name) \
	int name(struct rpc_call *call, const void *arguments, void *result)

/* connect.c: the connection itself. */
HANDLER(connect_open);
HANDLER(connect_close);
HANDLER(connect_type);
HANDLER(connect_version);
HANDLER(connect_lib_version);
HANDLER(connect_max_vcpus);
HANDLER(connect_hostname);
HANDLER(connect_uri);
HANDLER(connect_feature);
HANDLER(connect_auth_list);
HANDLER(connect_domain_capabilities);

/* node.c: the host. */
HANDLER(node_info);
HANDLER(node_capabilities);
HANDLER(node_free_memory);
HANDLER(node_cells_free);
HANDLER(node_free_pages);

/* node_stats.c: what it has done and holds. */
HANDLER(node_cpu_stats);
HANDLER(node_memory_stats);
/* alloc.c: leases as pages of it. */
HANDLER(node_alloc_pages);

/* domain.c: guests. */
HANDLER(domain_list_ids);
HANDLER(domain_count);
HANDLER(domain_by_id);
HANDLER(domain_by_name);
HANDLER(domain_by_uuid);
HANDLER(domain_info);
HANDLER(domain_state);
HANDLER(domain_max_memory);
HANDLER(domain_os_type);
HANDLER(domain_xml);
HANDLER(domain_control);
HANDLER(domain_messages);
HANDLER(domain_snapshots);
HANDLER(domain_yes);
HANDLER(domain_no);
HANDLER(domain_no_flags);

/* metadata.c: what its owner has noted of one. */
HANDLER(metadata_get);

/* vcpus.c: processors. */
HANDLER(domain_max_vcpus);
HANDLER(domain_vcpus_flags);
HANDLER(domain_vcpus);
HANDLER(domain_vcpu_pins);
HANDLER(node_cpu_map);

/* stats.c: numbers about guests. */
HANDLER(connect_all_stats);
HANDLER(domain_memory_stats);
HANDLER(domain_memory_params);

/* wishes.c: events to hear of. */
HANDLER(wish_domain);
HANDLER(wish_domain_no_more);
HANDLER(wish_pool);
HANDLER(wish_pool_no_more);

/* act.c: what is done to guests. */
HANDLER(act_destroy);
HANDLER(act_destroy_flags);
HANDLER(act_shutdown);
HANDLER(act_shutdown_flags);
HANDLER(act_set_memory);
HANDLER(act_set_memory_flags);
HANDLER(act_set_max_memory);
HANDLER(act_start);
HANDLER(act_start_flags);
HANDLER(act_create);
HANDLER(act_define);
HANDLER(act_define_flags);
HANDLER(act_undefine);
HANDLER(act_undefine_flags);
HANDLER(act_autostart);
HANDLER(act_console);

/* defined.c: guests and defined domains alike. */
HANDLER(defined_list_all);
HANDLER(defined_list_names);
HANDLER(defined_count);
HANDLER(defined_by_name);
HANDLER(defined_by_uuid);
HANDLER(defined_info);
HANDLER(defined_state);
HANDLER(defined_max_memory);
HANDLER(defined_max_vcpus);
HANDLER(defined_os_type);
HANDLER(defined_xml);
HANDLER(defined_is_active);
HANDLER(defined_is_persistent);
HANDLER(defined_get_autostart);
HANDLER(defined_no);
HANDLER(defined_no_flags);
HANDLER(defined_messages);
HANDLER(defined_snapshots);

/* storage.c: pools. */
HANDLER(pool_list_all);
HANDLER(pool_list_names);
HANDLER(pool_count);
HANDLER(pool_by_name);
HANDLER(pool_by_uuid);
HANDLER(pool_by_volume);
HANDLER(pool_by_path);
HANDLER(pool_info);
HANDLER(pool_xml);
HANDLER(pool_count_inactive);
HANDLER(pool_list_inactive);
HANDLER(pool_is_active);
HANDLER(pool_is_persistent);
HANDLER(pool_get_autostart);
HANDLER(pool_refresh);
HANDLER(pool_capabilities);

/* pool_act.c: what is done to pools. */
HANDLER(pool_define);
HANDLER(pool_undefine);
HANDLER(pool_create);
HANDLER(pool_start);
HANDLER(pool_build);
HANDLER(pool_destroy);
HANDLER(pool_set_autostart);

/* volume.c: guests' shares of pools. */
HANDLER(volume_list_all);
HANDLER(volume_list_names);
HANDLER(volume_count);
HANDLER(volume_by_name);
HANDLER(volume_by_key);
HANDLER(volume_by_path);
HANDLER(volume_info);
HANDLER(volume_info_flags);
HANDLER(volume_xml);
HANDLER(volume_path);

/* connect.c: answers that are the same for everything. */
HANDLER(answer_zero);
HANDLER(answer_one);
HANDLER(answer_no_items);

#undef HANDLER

#endif
