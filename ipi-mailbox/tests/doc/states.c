// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Prints core/link_states.def as the tables of PROTOCOL.md. */
#include <stdio.h>

int main(void)
{
	puts("| state | meaning |\n|---|---|");
#define STATE(name, text) puts("| `" #name "` | " text " |");
#include "link_states.def"
	puts("\n| input | meaning |\n|---|---|");
#define EVENT(name, text) puts("| `" #name "` | " text " |");
#include "link_states.def"
	puts("\n| state | input | next state | action |\n|---|---|---|---|");
#define ROW(from, input, to, action) \
	puts("| `" #from "` | `" #input "` | `" #to "` | " #action " |");
#include "link_states.def"
	return 0;
}
