// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Prints the .def files as the tables of PROTOCOL.md. */
#include <stdio.h>

int main(void)
{
	puts("### Messages\n\n| message | type | from, to | meaning |\n|---|---|---|---|");
#define MSG(name, number, who, text) \
	puts("| `" #name "` | " #number " | " who " | " text " |");
#include "dsm_messages.def"
	puts("\n### A frame at its home\n\n| state | meaning |\n|---|---|");
#define PAGE(name, text) puts("| `" #name "` | " text " |");
#include "dsm_states.def"
	puts("\n| state | who asks | for | who gives first | may keep | next state |\n|---|---|---|---|---|---|");
#define PLAN(state, asker, access, givers, keep, next)              \
	puts("| `" #state "` | " #asker " | " #access " | " #givers \
	     " | " #keep " | `" #next "` |");
#include "dsm_states.def"
	puts("\n### A frame at another kernel\n\n| phase | meaning |\n|---|---|");
#define PHASE(name, text) puts("| `" #name "` | " text " |");
#include "dsm_states.def"
	puts("\n| event | meaning |\n|---|---|");
#define EVENT(name, text) puts("| `" #name "` | " text " |");
#include "dsm_states.def"
	puts("\n| phase | event | next phase | action |\n|---|---|---|---|");
#define ROW(from, event, to, action) \
	puts("| `" #from "` | `" #event "` | `" #to "` | " #action " |");
#include "dsm_states.def"
	return 0;
}
