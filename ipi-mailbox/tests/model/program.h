/* SPDX-License-Identifier: GPL-2.0 */
/* What kernels run in the configurations. */
#ifndef MODEL_PROGRAM_H
#define MODEL_PROGRAM_H

#include "model.h"
#include "ring.h"

#define MAX_PAYLOAD 28
#define TAG	    7

/* program_ring.c */
u32 payload_word(u32 i, u32 word);
void load_payload(struct imb_port *port, u32 *to, const u8 *from, u32 n);
void ring_setup_tx(struct imb_tx *tx, struct imb_port *port);
void ring_setup_rx(struct imb_rx *rx, struct imb_port *port);
void ring_sender(struct imb_port *port, void *data, u32 boot);
void ring_receiver(struct imb_port *port, void *data, u32 boot);
void ring_settle(u32 k, void *data);
size_t ring_size(void);
const char *ring_stuck(const struct facts *f);

/* program_pool.c */
void pool_lender(struct imb_port *port, void *data, u32 boot);
void pool_borrower(struct imb_port *port, void *data, u32 boot);
void pool_settle(u32 k, void *data);
size_t pool_size(void);

/* program_litmus.c */
void litmus_program(struct imb_port *port, void *data, u32 boot);
size_t litmus_size(void);
const char *litmus_stuck(const struct facts *f);

/* program_link.c */
void link_talker(struct imb_port *port, void *data, u32 boot);
void link_settle(u32 k, void *data);
size_t link_size(void);
u32 link_left(u32 k, u32 word);
void link_report(void);
const char *link_stuck(const struct facts *f);

#endif /* MODEL_PROGRAM_H */
