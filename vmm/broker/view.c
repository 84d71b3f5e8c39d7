/* SPDX-License-Identifier: MIT */
/* The little that a view can do by itself. */
#include <config.h>

#include "broker/view.h"

#include <stdlib.h>

void view_free(struct view *view)
{
	if (view == NULL || view->shares-- > 0)
		return;
	free(view->pools);
	free(view->guests);
	free(view->vcpus);
	free(view);
}
