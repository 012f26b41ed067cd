// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/imb/k<peer>.<n>: framed message channels for programs, and
 * /dev/imb/k<peer>.echo, the peer's echo service.
 *
 * What has arrived waits in as many buffers as the channel's window has
 * messages, so that the callback never has to find memory and a reader that
 * sleeps stops its own sender only. A reader takes a buffer out by leaving its
 * spare one in its place, under the lock, and copies without it.
 *
 * A conversation begins when both ends are open and ends when one is not. Each
 * end of a conversation is kept in its place among the messages and read as 0
 * bytes, or as ECONNRESET if the link fell. When a peer comes back after that
 * and what its former life sent has not been read, it is dropped: the window
 * has been promised anew.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "imb_dev.h"
#include "mailbox.h"

#define PORTS  16 /* k<peer>.0 and on */
#define ECHO   PORTS
#define MINORS 32 /* minor numbers of one peer */

/* Messages that wait for a reader: as many as fit here, within limits. */
#define QUEUE_BYTES SZ_1M
#define QUEUE_MAX   IMB_ECHO_WINDOW
#define QUEUE_MIN   4

enum ending { END_NOT, END_CLOSED, END_RESET };

/**
 * struct entry - a message that waits for its reader
 * @data: buffer of the longest message's size
 * @len: bytes in it
 * @end: what follows it
 */
struct entry {
	void *data;
	u32 len;
	u8 end;
};

/**
 * struct imb_file - an open device
 * @ch: its channel
 * @peer: its link
 * @service: the channel's number
 * @memory: of all buffers
 * @max: bytes of one
 * @out: buffer of the writer, under @write_lock
 * @read_lock: one reader at a time
 * @write_lock: one writer at a time
 * @wait: readers, writers, pollers
 * @lock: what follows; taken in callbacks
 * @spare: the reader's buffer, its alone under @read_lock
 * @queue: ring of @size entries
 * @size: the channel's window
 * @first: entry to be read next
 * @count: entries that wait
 * @session: of the messages in the queue
 * @end: to be reported before the next message
 * @up: the peer has its end open
 * @was_up: it has had once
 * @writable: no send has been refused for lack of room
 */
struct imb_file {
	struct imb_channel *ch;
	struct imb_peer *peer;
	u16 service;
	void *memory;
	u32 max;
	void *out;
	struct mutex read_lock;
	struct mutex write_lock;
	wait_queue_head_t wait;
	spinlock_t lock;
	void *spare;
	struct entry queue[QUEUE_MAX];
	u32 size;
	u32 first;
	u32 count;
	u32 session;
	u8 end;
	bool up;
	bool was_up;
	bool writable;
};

static dev_t imb_devt;
static struct cdev imb_cdev;

/* What an ended conversation left behind: only its ending. */
static void drop_queue(struct imb_file *f)
{
	lockdep_assert_held(&f->lock);
	if (f->count)
		f->end = END_RESET;
	f->count = 0;
}

/* The buffer for the next message: nobody else touches it until count is up. */
static struct entry *next_free(struct imb_file *f, u32 session)
{
	struct entry *e = NULL;
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	if (f->session != session)
		drop_queue(f);
	f->session = session;
	/* The core keeps the peer within its window: never full. */
	if (f->count < f->size)
		e = &f->queue[(f->first + f->count) % f->size];
	spin_unlock_irqrestore(&f->lock, flags);
	return e;
}

static void file_receive(void *ctx, const struct imb_msg *msg)
{
	struct imb_file *f = ctx;
	struct entry *e = next_free(f, imb_msg_session(msg));
	unsigned long flags;

	if (!e || msg->len > f->max)
		return;
	memcpy(e->data, msg->data, msg->len);
	spin_lock_irqsave(&f->lock, flags);
	e->len = msg->len;
	e->end = END_NOT;
	f->count++;
	spin_unlock_irqrestore(&f->lock, flags);
	wake_up_interruptible_poll(&f->wait, EPOLLIN | EPOLLRDNORM);
}

static void conversation_ends(struct imb_file *f)
{
	u8 end = READ_ONCE(f->peer->link.state) == IMB_LINK_UP ? END_CLOSED :
								 END_RESET;

	lockdep_assert_held(&f->lock);
	if (f->count)
		f->queue[(f->first + f->count - 1) % f->size].end = end;
	else
		f->end = end;
}

static void file_state(void *ctx, bool up)
{
	struct imb_file *f = ctx;
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	if (f->up && !up)
		conversation_ends(f);
	f->up = up;
	f->was_up |= up;
	f->writable = true;
	spin_unlock_irqrestore(&f->lock, flags);
	wake_up_interruptible_all(&f->wait);
}

static void file_writable(void *ctx)
{
	struct imb_file *f = ctx;

	WRITE_ONCE(f->writable, true);
	wake_up_interruptible_poll(&f->wait, EPOLLOUT | EPOLLWRNORM);
}

static const struct imb_ops file_ops = {
	.receive = file_receive,
	.state = file_state,
	.writable = file_writable,
};

static bool has_gone(const struct imb_file *f)
{
	return READ_ONCE(f->was_up) && !READ_ONCE(f->up);
}

static bool readable(const struct imb_file *f)
{
	return READ_ONCE(f->count) || READ_ONCE(f->end) || has_gone(f);
}

/*
 * Take the next message out of the queue into f->spare. Return: its length, 0
 * also at an ending, with @taken telling them apart.
 */
static ssize_t take(struct imb_file *f, size_t room, bool *taken)
{
	struct entry *e = &f->queue[f->first];
	u8 end = f->end;

	lockdep_assert_held(&f->lock);
	if (end) {
		f->end = END_NOT;
		return end == END_RESET ? -ECONNRESET : 0;
	}
	if (!f->count)
		return has_gone(f) ? 0 : -EAGAIN;
	if (e->len > room)
		return -EMSGSIZE;
	swap(e->data, f->spare);
	f->end = e->end;
	f->first = (f->first + 1) % f->size;
	f->count--;
	*taken = true;
	return e->len;
}

static ssize_t read_one(struct imb_file *f, struct iov_iter *to)
{
	bool taken = false;
	u32 session;
	ssize_t ret;

	spin_lock_irq(&f->lock);
	ret = take(f, iov_iter_count(to), &taken);
	session = f->session;
	spin_unlock_irq(&f->lock);
	if (!taken)
		return ret;
	imb_consumed(f->ch, session, 1);
	if (copy_to_iter(f->spare, ret, to) != ret)
		return -EFAULT;
	return ret;
}

static bool non_blocking(const struct kiocb *iocb)
{
	return iocb->ki_filp->f_flags & O_NONBLOCK ||
	       iocb->ki_flags & IOCB_NOWAIT;
}

/* Of several readers or writers one may sleep for the others. */
static int lock_one(struct mutex *lock, bool wait)
{
	if (wait)
		return mutex_lock_interruptible(lock) ? -ERESTARTSYS : 0;
	return mutex_trylock(lock) ? 0 : -EAGAIN;
}

static ssize_t imb_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct imb_file *f = iocb->ki_filp->private_data;
	bool wait = !non_blocking(iocb);
	ssize_t ret = lock_one(&f->read_lock, wait);

	if (ret)
		return ret;
	while ((ret = read_one(f, to)) == -EAGAIN && wait)
		if (wait_event_interruptible(f->wait, readable(f))) {
			ret = -ERESTARTSYS;
			break;
		}
	mutex_unlock(&f->read_lock);
	return ret;
}

/* Try once; if there is no room, f->writable is cleared until there is. */
static int write_one(struct imb_file *f, u32 len)
{
	int ret;

	WRITE_ONCE(f->writable, false);
	ret = imb_send(f->ch, f->out, len);
	if (ret != -EAGAIN)
		WRITE_ONCE(f->writable, true);
	return ret;
}

/*
 * Who opens again at once what he has just closed should not be told that nobody
 * is there, only because the closing has not been answered yet.
 */
static int wait_settled(struct imb_file *f, bool wait)
{
	while (!READ_ONCE(f->up) && !imb_settled(f->ch)) {
		if (!wait)
			return -EAGAIN;
		if (wait_event_interruptible_timeout(f->wait, READ_ONCE(f->up),
						     1) < 0)
			return -ERESTARTSYS;
	}
	return 0;
}

static ssize_t write_wait(struct imb_file *f, u32 len, bool wait)
{
	int ret = wait_settled(f, wait);

	if (ret)
		return ret;
	while ((ret = write_one(f, len)) == -EAGAIN && wait)
		if (wait_event_interruptible(f->wait,
					     READ_ONCE(f->writable) ||
						     !READ_ONCE(f->up)))
			return -ERESTARTSYS;
	return ret ? ret : (ssize_t)len;
}

static ssize_t imb_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct imb_file *f = iocb->ki_filp->private_data;
	size_t len = iov_iter_count(from);
	bool wait = !non_blocking(iocb);
	ssize_t ret;

	if (len > f->max)
		return -EMSGSIZE;
	ret = lock_one(&f->write_lock, wait);
	if (ret)
		return ret;
	if (copy_from_iter_full(f->out, len, from))
		ret = write_wait(f, len, wait);
	else
		ret = -EFAULT;
	mutex_unlock(&f->write_lock);
	return ret;
}

static __poll_t imb_poll(struct file *file, poll_table *table)
{
	struct imb_file *f = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &f->wait, table);
	if (readable(f))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (has_gone(f))
		mask |= EPOLLHUP;
	if (READ_ONCE(f->up) && READ_ONCE(f->writable))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static long imb_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct imb_file *f = file->private_data;
	struct imb_dev_info info = {
		.kernel = f->peer->imb->self,
		.peer = f->peer->id,
		.service = f->service,
		.max_message = f->max,
		.peer_incarnation = READ_ONCE(f->peer->link.peer_boot),
		.session = READ_ONCE(f->session),
		.open = READ_ONCE(f->up),
		.unread = READ_ONCE(f->count),
	};

	if (cmd != IMB_DEV_INFO)
		return -ENOTTY;
	if (copy_to_user((void __user *)arg, &info, sizeof(info)))
		return -EFAULT;
	return 0;
}

static void file_free(struct imb_file *f)
{
	vfree(f->memory);
	kfree(f);
}

/* The queue's buffers, the reader's spare one and the writer's. */
static int file_buffers(struct imb_file *f)
{
	u8 *at;
	u32 i;

	f->size = clamp_t(u32, QUEUE_BYTES / f->max, QUEUE_MIN, QUEUE_MAX);
	/* All answers have room, so that none has to be dropped. */
	if (f->service < IMB_SERVICE_PORT)
		f->size = IMB_ECHO_WINDOW;
	f->memory =
		__vmalloc(array_size(f->size + 2, f->max), GFP_KERNEL_ACCOUNT);
	if (!f->memory)
		return -ENOMEM;
	at = f->memory;
	for (i = 0; i < f->size; i++, at += f->max)
		f->queue[i].data = at;
	f->spare = at;
	f->out = at + f->max;
	return 0;
}

static struct imb_file *file_alloc(struct imb_peer *peer, u32 port)
{
	struct imb_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return NULL;
	f->peer = peer;
	f->service = port == ECHO ?
			     imb_echo_service(peer->imb->self, peer->id) :
			     IMB_SERVICE_PORT + port;
	f->max = imb_link_max_message(&peer->link);
	mutex_init(&f->read_lock);
	mutex_init(&f->write_lock);
	init_waitqueue_head(&f->wait);
	spin_lock_init(&f->lock);
	if (file_buffers(f)) {
		kfree(f);
		return NULL;
	}
	return f;
}

static struct imb_peer *minor_peer(struct inode *inode)
{
	struct imb *imb = imb_get();

	return imb ? imb->peers[iminor(inode) / MINORS] : NULL;
}

static int imb_dev_open(struct inode *inode, struct file *file)
{
	struct imb_peer *peer = minor_peer(inode);
	struct imb_file *f;

	if (!peer)
		return -ENXIO;
	f = file_alloc(peer, iminor(inode) % MINORS);
	if (!f)
		return -ENOMEM;
	f->ch = imb_open(peer->id, f->service, IMB_LANE_FOR_DATA, f->size,
			 &file_ops, f);
	if (IS_ERR(f->ch)) {
		int ret = PTR_ERR(f->ch);

		file_free(f);
		return ret;
	}
	file->private_data = f;
	return stream_open(inode, file);
}

static int imb_dev_release(struct inode *inode, struct file *file)
{
	struct imb_file *f = file->private_data;

	imb_close(f->ch);
	file_free(f);
	return 0;
}

static const struct file_operations imb_fops = {
	.owner = THIS_MODULE,
	.open = imb_dev_open,
	.release = imb_dev_release,
	.read_iter = imb_read_iter,
	.write_iter = imb_write_iter,
	.poll = imb_poll,
	.unlocked_ioctl = imb_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static dev_t port_devt(const struct imb_peer *peer, u32 port)
{
	return MKDEV(MAJOR(imb_devt), peer->id * MINORS + port);
}

int imb_dev_add(struct imb_peer *peer)
{
	struct device *dev;
	char name[8];
	u32 port;

	for (port = 0; port <= ECHO; port++) {
		snprintf(name, sizeof(name), "%u", port);
		dev = device_create(&imb_class, peer->dev,
				    port_devt(peer, port), NULL, "k%u.%s",
				    peer->id, port == ECHO ? "echo" : name);
		if (IS_ERR(dev))
			return PTR_ERR(dev);
	}
	return 0;
}

/* Also of what imb_dev_add() has not come to. */
void imb_dev_remove(struct imb_peer *peer)
{
	u32 port;

	for (port = 0; port <= ECHO; port++)
		device_destroy(&imb_class, port_devt(peer, port));
}

int imb_dev_init(void)
{
	int ret = alloc_chrdev_region(&imb_devt, 0, IMB_WIRE_KERNELS * MINORS,
				      "imb");

	if (ret)
		return ret;
	cdev_init(&imb_cdev, &imb_fops);
	imb_cdev.owner = THIS_MODULE;
	ret = cdev_add(&imb_cdev, imb_devt, IMB_WIRE_KERNELS * MINORS);
	if (ret)
		unregister_chrdev_region(imb_devt, IMB_WIRE_KERNELS * MINORS);
	return ret;
}

void imb_dev_exit(void)
{
	cdev_del(&imb_cdev);
	unregister_chrdev_region(imb_devt, IMB_WIRE_KERNELS * MINORS);
}
