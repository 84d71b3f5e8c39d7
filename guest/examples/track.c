/* SPDX-License-Identifier: MIT */
/*
 * A tracker: comets fly past two suns, in steps of fixed length, computed by
 * all processors; where each has been is its history, page by page. The comets
 * are what matters, and need no page. Their history is a cache: when the host
 * says that memory is scarce, the oldest of it goes, new trails are thinner,
 * and the flight goes on. The picture of what is left goes to the host:
 *
 *   labyrinth run --cpus 4 --output track.ppm track.elf
 */
#include <labyrinth/guest.h>

#define COMETS 256
#define STEPS  8192
#define FRAME  64	/* steps that are due at a tick of the clock */
#define TICK   10000000 /* of the timer's clock */

#define VECTOR_TICK LAB_IRQ_FIRST

/* The sky: fixed point with 16 bits below a pixel's, from its middle. */
#define PIXELS 512 /* a side */
#define BAND   32  /* lines of the picture that are drawn at once */
#define PIXEL  65536
#define KNEE   30000 /* light that makes a pixel half as bright as can be */

static const struct {
	int64_t x, y, pull;
} suns[] = {
	{-60 * PIXEL, -10 * PIXEL, 1228800},
	{80 * PIXEL, 40 * PIXEL, 614400},
};

struct point {
	int32_t x, y;
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define POINTS	 ((PAGE_SIZE - 32) / sizeof(struct point))

/* A page of one comet's history. */
struct trail {
	struct trail *next;
	uint32_t comet;
	uint32_t start;	 /* the first point's step */
	uint32_t stride; /* steps from point to point */
	uint32_t count, room;
	struct point at[POINTS];
};

_Static_assert(sizeof(struct trail) <= PAGE_SIZE, "a page each");

static struct comet {
	int64_t x, y, vx, vy; /* v has 8 bits more */
	uint32_t steps;
	struct trail *now; /* being written; NULL if there was no page */
} comets[COMETS];

/* The pages that are full, the oldest first: what may be dropped. */
static spinlock_t lock = SPINLOCK_INIT;
static struct trail *first, **last = &first;
static uint64_t kept, written, dropped;
static uint64_t told[LAB_LEVEL_CRITICAL + 1]; /* how often each level */

/* Of this frame. */
static uint32_t next_comet; /* atomic */
static uint32_t frame_end;  /* its last step, and one */

static bool clock;     /* is there one? */
static uint32_t ticks; /* of it; atomic */

static void put_trail(struct trail *trail)
{
	unsigned long flags = spin_lock_irqsave(&lock);

	trail->next = NULL;
	*last = trail;
	last = &trail->next;
	kept++;
	spin_unlock_irqrestore(&lock, flags);
}

/* The oldest, which is its taker's then, or NULL. */
static struct trail *take_trail(void)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	struct trail *trail = first;

	if (trail) {
		first = trail->next;
		if (!first)
			last = &first;
		kept--;
	}
	spin_unlock_irqrestore(&lock, flags);
	return trail;
}

static struct trail *drop_trail(void)
{
	struct trail *trail = take_trail();

	if (trail)
		__atomic_fetch_add(&dropped, 1, __ATOMIC_RELAXED);
	return trail;
}

/* Both in an interrupt of processor 0, whatever was running there. */
static unsigned long count_trails(struct shrinker *unused,
				  struct shrink_control *control)
{
	(void)unused;
	told[control->level]++;
	return __atomic_load_n(&kept, __ATOMIC_RELAXED);
}

static unsigned long scan_trails(struct shrinker *unused,
				 struct shrink_control *control)
{
	unsigned long freed = 0;
	struct trail *trail;

	(void)unused;
	while (freed < control->nr_to_scan && (trail = drop_trail())) {
		__free_page(virt_to_page(trail));
		freed++;
	}
	return freed;
}

static struct shrinker shrinker = {
	.count_objects = count_trails,
	.scan_objects = scan_trails,
};

/*
 * A page for history: one at hand; else one worth waiting for, unless memory
 * is scarce and the comet under way; else the oldest of all is written over.
 * The first is full sooner with some than with others, lest all comets ask for
 * the next one at once.
 */
static struct trail *new_trail(const struct comet *comet)
{
	enum lab_level level = lab_pressure();
	struct page *page = alloc_page(GFP_NOWAIT);

	if (!page && (level == LAB_LEVEL_NONE || comet->steps == 0))
		page = alloc_page(GFP_KERNEL);
	struct trail *trail = page ? page_address(page) : drop_trail();
	if (!trail)
		return NULL;
	__atomic_fetch_add(&written, 1, __ATOMIC_RELAXED);
	trail->comet = (uint32_t)(comet - comets);
	trail->start = comet->steps;
	trail->stride = 1u << level;
	trail->count = 0;
	trail->room = POINTS;
	if (trail->start == 0)
		trail->room = POINTS * (trail->comet + 1) / COMETS;
	return trail;
}

static void remember(struct comet *comet)
{
	struct trail *trail = comet->now;

	if (trail && trail->count == trail->room) {
		put_trail(trail);
		trail = NULL;
	}
	if (!trail)
		trail = comet->now = new_trail(comet);
	if (!trail || (comet->steps - trail->start) % trail->stride != 0)
		return;
	trail->at[trail->count++] =
		(struct point){(int32_t)comet->x, (int32_t)comet->y};
}

/* The pull falls with the distance, as in a galaxy's disc. */
static void move(struct comet *comet)
{
	for (unsigned int i = 0; i < COUNT(suns); i++) {
		int64_t dx = suns[i].x - comet->x, dy = suns[i].y - comet->y;
		int64_t square = (dx * dx + dy * dy) / PIXEL + 196 * PIXEL;

		comet->vx += dx * suns[i].pull / square;
		comet->vy += dy * suns[i].pull / square;
	}
	comet->x += comet->vx / 256;
	comet->y += comet->vy / 256;
	comet->steps++;
}

/* One processor's share of a frame: whichever comets nobody has taken. */
static void fly(void *unused)
{
	(void)unused;
	for (;;) {
		uint32_t i =
			__atomic_fetch_add(&next_comet, 1, __ATOMIC_RELAXED);

		if (i >= COMETS)
			return;
		while (comets[i].steps < frame_end) {
			remember(&comets[i]);
			move(&comets[i]);
		}
	}
}

static void on_tick(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
	__atomic_fetch_add(&ticks, 1, __ATOMIC_RELAXED);
}

/* Is the next frame due? Without a clock each always is. */
static bool due(uint32_t frame)
{
	return !clock || __atomic_load_n(&ticks, __ATOMIC_RELAXED) > frame;
}

/* All frames, none before its time. How many were late. */
static unsigned int fly_all(void)
{
	unsigned int late = 0;

	clock = request_irq(VECTOR_TICK, on_tick, NULL) == 0 &&
		start_timer(VECTOR_TICK, TICK, true) == 0;
	for (uint32_t frame = 0; frame < STEPS / FRAME; frame++) {
		next_comet = 0;
		frame_end = (frame + 1) * FRAME;
		on_each_cpu(fly, NULL);
		late += due(frame);
		while (!due(frame))
			__builtin_ia32_pause();
	}
	stop_timer();
	return late;
}

/* Side by side, all with the same speed and direction. */
static void let_go(void)
{
	for (unsigned int i = 0; i < COMETS; i++)
		comets[i] = (struct comet){
			.x = -150 * PIXEL + 60 * PIXEL * (int64_t)i / COMETS,
			.y = 190 * PIXEL,
			.vx = 256 * PIXEL / 16,
			.vy = 256 * PIXEL * -3 / 80,
		};
}

/* The picture, of which so many lines are drawn at a time. */
static uint32_t light[BAND][PIXELS][3];

/* Each comet has its own, from blue to gold. */
static void colour(uint32_t comet, uint32_t rgb[3])
{
	static const uint8_t colours[][3] = {
		{50, 130, 230}, {80, 70, 190},	{170, 60, 120},
		{235, 90, 60},	{255, 150, 40},
	};
	uint32_t place = comet * 256 * (COUNT(colours) - 1) / COMETS;
	uint32_t at = place / 256, part = place % 256;

	for (unsigned int i = 0; i < 3; i++)
		rgb[i] = (colours[at][i] * (256 - part) +
			  colours[at + 1][i] * part) /
			 256;
}

/* Each of the four pixels that a point lies between gets its part. */
static void shine(int32_t x, int32_t y, uint32_t bright, const uint32_t rgb[3])
{
	uint32_t right = (uint32_t)x / 4096 % 16,
		 down = (uint32_t)y / 4096 % 16;

	for (int i = 0; i < 4; i++) {
		int px = (x >> 16) + i % 2, py = (y >> 16) + i / 2;
		uint32_t part = (i % 2 ? right : 16 - right) *
				(i / 2 ? down : 16 - down);

		if (px < 0 || px >= PIXELS || py < 0 || py >= BAND)
			continue;
		for (unsigned int c = 0; c < 3; c++)
			light[py][px][c] += rgb[c] * part * bright / 4096;
	}
}

/* What of a trail lies in the band below this line; the older the fainter. */
static void draw(const struct trail *trail, int32_t top)
{
	uint32_t rgb[3];

	colour(trail->comet, rgb);
	for (uint32_t i = 0; i < trail->count; i++) {
		int32_t x = trail->at[i].x + PIXELS / 2 * PIXEL;
		int32_t y = trail->at[i].y + (PIXELS / 2 - top) * PIXEL;
		uint32_t step = trail->start + i * trail->stride;
		uint32_t fresh = step * 256 / STEPS;

		if (y >= -PIXEL && y < BAND * PIXEL)
			shine(x, y, fresh * fresh / 256 * trail->stride, rgb);
	}
}

static int hand_over(void)
{
	static const char header[] = "P6\n512 512\n255\n";
	static uint8_t line[PIXELS][3];

	_Static_assert(PIXELS == 512, "as the header says");
	int r = lab_output(header, sizeof(header) - 1);
	for (int32_t y = 0; r == 0 && y < PIXELS; y++) {
		if (y % BAND == 0) {
			memset(light, 0, sizeof(light));
			for (struct trail *t = first; t; t = t->next)
				draw(t, y);
		}
		for (uint32_t i = 0; i < PIXELS * 3; i++) {
			uint64_t l = light[y % BAND][i / 3][i % 3];

			/* However bright, there is something brighter. */
			line[i / 3][i % 3] =
				(uint8_t)(6 + i % 3 * 4 + l * 240 / (l + KNEE));
		}
		r = lab_output(line, sizeof(line));
	}
	return r;
}

/* Nobody is lost, and every page is accounted for. */
static bool settle(unsigned int late)
{
	uint64_t left = 0;
	uint32_t alive = 0, where = 0;
	struct trail *trail;

	while ((trail = take_trail())) {
		__free_page(virt_to_page(trail));
		left++;
	}
	for (unsigned int i = 0; i < COMETS; i++) {
		alive += comets[i].steps == STEPS;
		where = where * 31 + (uint32_t)comets[i].x;
		where = where * 31 + (uint32_t)comets[i].y;
	}
	printf("comets: %u of %u after %u steps, at %08x\n", alive, COMETS,
	       STEPS, where);
	printf("frames: %u, of which %u were late\n", STEPS / FRAME, late);
	printf("pressure: low %lu times, critical %lu times\n",
	       told[LAB_LEVEL_LOW], told[LAB_LEVEL_CRITICAL]);
	printf("history: %lu pages written, %lu dropped, %lu left\n", written,
	       dropped, left);
	return alive == COMETS && left == written - dropped;
}

int main(int argc, char **argv)
{
	struct lab_counts before, after;

	(void)argc;
	(void)argv;
	if (lab_query(&before) != 0)
		return 1;
	let_go();
	register_shrinker(&shrinker);
	unsigned int late = fly_all();
	unregister_shrinker(&shrinker);
	for (unsigned int i = 0; i < COMETS; i++)
		if (comets[i].now)
			put_trail(comets[i].now);
	int r = hand_over();
	if (r < 0)
		printf("the picture was not taken (errno %d): --output FILE\n",
		       -r);
	if (!settle(late) || lab_query(&after) != 0 ||
	    after.pages_granted != before.pages_granted) {
		puts("this does not add up!");
		return 1;
	}
	return r == 0 || r == -LAB_EBADF ? 0 : 1;
}
