// SPDX-License-Identifier: GPL-2.0
/* What is sent, byte for byte, and what is not listened to. */
#include "fake.h"

static void hello_is_said_and_heard(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w;

	CHECK_EQ(f->ready, 3);
	CHECK_EQ(f->same, 0);
	dsm_peer_up(&f->core, 2);
	CHECK_EQ(f->n, 1);
	CHECK_EQ(f->to[0], 2);
	w = *last(f);
	CHECK_EQ(w.type, DSM_HELLO);
	CHECK_EQ(w.home, SELF);
	CHECK_EQ(le32_to_cpu(w.from_inc), INC);
	CHECK_EQ(le32_to_cpu(w.home_inc), 0);
	CHECK_EQ(le32_to_cpu(w.code), DSM_WIRE_MAJOR << 16 | DSM_WIRE_MINOR);
	free(f);
	tap_end("hello is said and heard");
}

static void hellos_that_count_for_nothing(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w = hello(2);

	receive(f, 2, w);
	CHECK_EQ(f->bad, 1);
	dsm_peer_down(&f->core, 2);
	w.code = cpu_to_le32((DSM_WIRE_MAJOR + 1) << 16);
	receive(f, 2, w);
	w = hello(2);
	w.from_inc = 0;
	receive(f, 2, w);
	w = hello(2);
	w.home = 3;
	receive(f, 2, w);
	CHECK_EQ(f->bad, 4);
	CHECK_EQ(f->ready, 3);
	receive(f, 2, hello(2));
	CHECK_EQ(f->ready, 4);
	CHECK_EQ(f->same, 1);
	free(f);
	tap_end("hello twice, of another version, of nobody, of somebody else");
}

/* Stamps of a new incarnation begin anew. */
static void a_new_incarnation_is_another(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w = hello(1);
	u32 i;

	for (i = 0; i < DSM_BUCKETS; i++)
		f->core.peer[1].seen[i] = 100;
	dsm_peer_down(&f->core, 1);
	receive(f, 1, w);
	CHECK_EQ(f->core.peer[1].seen[0], 100);
	dsm_peer_down(&f->core, 1);
	w.from_inc = cpu_to_le32(99);
	receive(f, 1, w);
	CHECK_EQ(f->same, 1);
	for (i = 0; i < DSM_BUCKETS; i++)
		CHECK_EQ(f->core.peer[1].seen[i], 0);
	free(f);
	tap_end("a new incarnation is another kernel");
}

static struct dsm_wire request(void)
{
	struct dsm_wire w = message(DSM_REQUEST, 1, SELF);

	w.access = DSM_READ;
	w.token = cpu_to_le64(0x1122334455667788);
	return w;
}

static void requests_arrive_whole(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w = request();

	w.flags = cpu_to_le16(DSM_EXEC);
	w.many = 16;
	w.addr = cpu_to_le64(0x123456789000);
	w.space = cpu_to_le32(3);
	w.space_inc = cpu_to_le32(4);
	receive(f, 1, w);
	CHECK_EQ(f->requests, 1);
	CHECK_EQ(f->request.from, 1);
	CHECK_EQ(f->request.access, DSM_READ);
	CHECK_EQ(f->request.flags, DSM_EXEC);
	CHECK_EQ(f->request.many, 16);
	CHECK_EQ(f->request.addr, 0x123456789000);
	CHECK_EQ(f->request.token, 0x1122334455667788);
	CHECK_EQ(f->request.space, 3);
	CHECK_EQ(f->request.space_inc, 4);
	CHECK_EQ(f->core.stats.received[DSM_REQUEST], 1);
	free(f);
	tap_end("a request arrives whole");
}

/* One wrong thing each. */
static void wrong_headers_are_ignored(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w;
	u32 i;

	for (i = 0; i < 9; i++) {
		w = request();
		if (i == 0)
			w.access = DSM_WRITE + 1;
		if (i == 1)
			w.home = 4;
		if (i == 2)
			w.third = 4;
		if (i == 3)
			w.flags = cpu_to_le16(DSM_FLAGS + 1);
		if (i == 4)
			w.spare = 1;
		if (i == 5)
			w.from_inc = cpu_to_le32(1);
		if (i == 6)
			w.home = 2; /* not ours */
		if (i == 6)
			w.home_inc = cpu_to_le32(inc_of(2));
		if (i == 7)
			w.access = DSM_NONE;
		if (i == 8)
			w.type = DSM_TYPES;
		receive(f, 1, w);
		CHECK_EQ(f->bad, i + 1);
	}
	w = request();
	w.type = 0;
	receive(f, 1, w);
	CHECK_EQ(f->bad, 10);
	CHECK_EQ(f->core.stats.grants[0], 0); /* next to what is counted */
	w = request();
	dsm_receive(&f->core, 1, &w, sizeof(w) - 1);
	CHECK_EQ(f->bad, 11);
	dsm_receive(&f->core, SELF, &w, sizeof(w));
	dsm_receive(&f->core, 4, &w, sizeof(w));
	CHECK_EQ(f->bad, 11);
	CHECK_EQ(f->core.stats.bad, 11);
	CHECK_EQ(f->requests, 0);
	free(f);
	tap_end("wrong headers are ignored");
}

static void other_lives_are_not_heard(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w = request();

	w.home_inc = cpu_to_le32(INC - 1);
	receive(f, 1, w);
	CHECK_EQ(f->requests, 0);
	CHECK_EQ(f->core.stats.strays, 1);
	dsm_peer_down(&f->core, 1);
	receive(f, 1, request());
	w = request();
	w.from_inc = 0;
	receive(f, 1, w);
	CHECK_EQ(f->requests, 0);
	CHECK_EQ(f->bad, 2);
	/* Of a home that is down, by a third kernel. */
	w = message(DSM_GRANT, 2, 1);
	w.access = DSM_READ;
	w.frame = cpu_to_le64(9);
	receive(f, 2, w);
	w.home_inc = 0;
	receive(f, 2, w);
	CHECK_EQ(f->grants, 0);
	CHECK_EQ(f->core.stats.strays, 3);
	free(f);
	tap_end("other lives are not heard");
}

static void bodies_hear_homes(void)
{
	struct fake *f = fake_create(0);
	static const u8 type[] = { DSM_GRANT, DSM_REFUSE, DSM_RECALL };
	struct dsm_wire w;
	u32 i;

	for (i = 0; i < 3; i++) {
		w = message(type[i], 1, SELF);
		w.access = DSM_READ;
		receive(f, 1, w);
	}
	CHECK_EQ(f->bad, 3); /* our own frames */
	for (i = 1; i < 3; i++)
		receive(f, 2, message(type[i], 2, 1));
	CHECK_EQ(f->bad, 5); /* not the home's words */
	receive(f, 1, message(DSM_GRANT, 1, 1));
	CHECK_EQ(f->bad, 6); /* nothing is granted */
	w = message(DSM_RECALL, 1, 1);
	w.access = DSM_WRITE;
	receive(f, 1, w);
	w = message(DSM_RECALL, 1, 1);
	w.third = SELF;
	receive(f, 1, w);
	w.third = 1;
	receive(f, 1, w);
	CHECK_EQ(f->bad, 9); /* recalls that make no sense */
	CHECK_EQ(f->grants + f->refusals + f->n, 0);
	w = message(DSM_REFUSE, 1, 1);
	w.code = cpu_to_le32(11 << 16 | 2);
	receive(f, 1, w);
	CHECK_EQ(f->refusals, 1);
	CHECK_EQ(f->refused.code, 11 << 16 | 2);
	free(f);
	tap_end("bodies hear homes");
}

static void requests_are_sent_whole(void)
{
	struct fake *f = fake_create(0);
	struct dsm_ask ask = {
		.access = DSM_WRITE,
		.flags = DSM_EXEC,
		.token = 1,
		.addr = 0x2000,
		.space = 3,
		.space_inc = 4,
	};
	struct dsm_wire w;

	dsm_ask_for(&f->core, 1, &ask, 8);
	w = *last(f);
	CHECK_EQ(f->to[0], 1);
	CHECK_EQ(w.type, DSM_REQUEST);
	CHECK_EQ(w.access, DSM_WRITE);
	CHECK_EQ(w.home, 1);
	CHECK_EQ(w.third, DSM_NOBODY);
	CHECK_EQ(w.many, 8);
	CHECK_EQ(le16_to_cpu(w.flags), DSM_EXEC);
	CHECK_EQ(le32_to_cpu(w.from_inc), INC);
	CHECK_EQ(le32_to_cpu(w.home_inc), inc_of(1));
	CHECK_EQ(le64_to_cpu(w.token), 1);
	CHECK_EQ(le64_to_cpu(w.addr), 0x2000);
	CHECK_EQ(le32_to_cpu(w.space), 3);
	CHECK_EQ(le32_to_cpu(w.space_inc), 4);
	CHECK_EQ(f->core.stats.sent[DSM_REQUEST], 1);
	free(f);
	tap_end("requests are sent whole");
}

static void late_answers_are_strays(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w = message(DSM_ACK, 1, SELF);

	w.frame = cpu_to_le64(6);
	receive(f, 1, w);
	CHECK_EQ(f->core.stats.strays, 1);
	CHECK_EQ(f->bad, 0);
	free(f);
	tap_end("answers about frames without an entry are strays");
}

/* One that is wrong does not take the others with it. */
static void several_arrive_together(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w[DSM_WIRE_BATCH + 1];
	u32 i;

	for (i = 0; i <= DSM_WIRE_BATCH; i++) {
		w[i] = request();
		w[i].addr = cpu_to_le64(i << 12);
	}
	w[1].spare = 1;
	dsm_receive(&f->core, 1, w, 3 * sizeof(w[0]));
	CHECK_EQ(f->requests, 2);
	CHECK_EQ(f->request.addr, 2 << 12);
	CHECK_EQ(f->bad, 1);
	dsm_receive(&f->core, 1, w + 1, DSM_WIRE_BATCH * sizeof(w[0]));
	CHECK_EQ(f->requests, 1 + DSM_WIRE_BATCH);
	CHECK_EQ(f->bad, 2);
	/* none, too many, and half of one */
	dsm_receive(&f->core, 1, w, 0);
	dsm_receive(&f->core, 1, w, sizeof(w));
	dsm_receive(&f->core, 1, w, 3 * sizeof(w[0]) / 2);
	CHECK_EQ(f->requests, 1 + DSM_WIRE_BATCH);
	CHECK_EQ(f->bad, 5);
	free(f);
	tap_end("several messages arrive together");
}

int main(void)
{
	tap_begin();
	hello_is_said_and_heard();
	hellos_that_count_for_nothing();
	a_new_incarnation_is_another();
	requests_arrive_whole();
	wrong_headers_are_ignored();
	other_lives_are_not_heard();
	bodies_hear_homes();
	requests_are_sent_whole();
	late_answers_are_strays();
	several_arrive_together();
	return tap_done();
}
