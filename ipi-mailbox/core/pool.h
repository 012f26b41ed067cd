/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Buffers for payloads too large for a slot, or built and read in place. The
 * sender owns the buffers; a message names one by number, the receiver returns
 * it, in any order, by writing the use it returns into its own table.
 *
 * Locking: none here; as for the rings.
 */
#ifndef IMB_POOL_H
#define IMB_POOL_H

#include "imb_port.h"

/* Where a buffer is, as its owner sees it. */
enum imb_buf_place {
	IMB_BUF_FREE = 0,
	IMB_BUF_HELD, /* handed out by imb_pool_get(), not yet sent */
	IMB_BUF_SENT, /* at the peer */
};

/**
 * struct imb_pool_tx - the sender's side; private to its kernel
 * @port: the host
 * @bufs: the buffers, written by this side only
 * @returns: the peer's table of returned uses
 * @mine: this side's line, where it asks for a bell
 * @count: number of buffers
 * @size: bytes of one
 * @tag: the session
 * @next: where the search for a free buffer starts
 * @wants: how often a bell has been asked for
 * @gen: per buffer the number of its present use
 * @place: per buffer enum imb_buf_place
 */
struct imb_pool_tx {
	struct imb_port *port;
	u8 __shm *bufs;
	const __le64 __shm *returns;
	struct imb_wire_pool __shm *mine;
	u32 count;
	u32 size;
	u32 tag;
	u32 next;
	u32 wants;
	u32 gen[IMB_WIRE_MAX_BUFS];
	u8 place[IMB_WIRE_MAX_BUFS];
};

/**
 * struct imb_pool_rx - the receiver's side; private to its kernel
 * @port: the host
 * @bufs: the peer's buffers, never written by this side
 * @returns: this side's table
 * @theirs: the sender's line
 * @count: number of buffers
 * @size: bytes of one
 * @tag: the session
 * @answered: the sender's last wish that was answered by a bell
 */
struct imb_pool_rx {
	struct imb_port *port;
	const u8 __shm *bufs;
	__le64 __shm *returns;
	const struct imb_wire_pool __shm *theirs;
	u32 count;
	u32 size;
	u32 tag;
	u32 answered;
};

/**
 * imb_pool_tx_start() - begin a session as sender: what was sent is free again
 * @pool: with @port, @bufs, @returns, @count and @size set
 * @tag: the session's stamp, as for the ring
 *
 * Buffers that are held stay held until imb_pool_put().
 */
void imb_pool_tx_start(struct imb_pool_tx *pool, u32 tag);

/**
 * imb_pool_rx_start() - begin a session as receiver
 * @pool: with @port, @bufs, @returns, @theirs, @count and @size set
 * @tag: the session's stamp, as for the ring
 */
void imb_pool_rx_start(struct imb_pool_rx *pool, u32 tag);

/**
 * imb_pool_get() - take a free buffer
 * @pool: sender
 *
 * Return: its number, or -EAGAIN if the peer has them all.
 */
int imb_pool_get(struct imb_pool_tx *pool);

/**
 * imb_pool_wait() - ask for a bell when a buffer is returned
 * @pool: sender that got -EAGAIN
 *
 * Return: true if a buffer has become free meanwhile: do not sleep, try again.
 */
bool imb_pool_wait(struct imb_pool_tx *pool);

/**
 * imb_pool_put() - give back a buffer that was not sent
 * @pool: sender
 * @buf: number from imb_pool_get()
 */
void imb_pool_put(struct imb_pool_tx *pool, u32 buf);

/**
 * imb_pool_data() - where a buffer's bytes are
 * @pool: sender
 * @buf: number from imb_pool_get()
 *
 * Return: its first byte.
 */
static inline u8 __shm *imb_pool_data(const struct imb_pool_tx *pool, u32 buf)
{
	return pool->bufs + (size_t)buf * pool->size;
}

/**
 * imb_pool_send() - make a written buffer visible and name it in a slot
 * @pool: sender
 * @buf: number from imb_pool_get(); the peer's from now on
 * @len: bytes written
 * @ref: filled in with what the slot has to carry
 */
void imb_pool_send(struct imb_pool_tx *pool, u32 buf, u32 len,
		   struct imb_wire_ref *ref);

/**
 * imb_pool_accept() - check a peer's reference and find its bytes
 * @pool: receiver
 * @ref: as copied from the slot
 * @data: set to the first byte; the peer can still change the bytes
 * @len: set to how many there are
 *
 * Return: 0, or -EPROTO if there is no such buffer or it is not that long.
 */
int imb_pool_accept(const struct imb_pool_rx *pool,
		    const struct imb_wire_ref *ref, const u8 __shm **data,
		    u32 *len);

/**
 * imb_pool_return() - let the peer have its buffer again
 * @pool: receiver
 * @tag: the session in which it was accepted; of an older one nothing is done
 * @buf: its number
 * @gen: its use
 */
void imb_pool_return(struct imb_pool_rx *pool, u32 tag, u32 buf, u32 gen);

#endif /* IMB_POOL_H */
