/* SPDX-License-Identifier: MIT */
/*
 * A renderer: all processors draw one picture, tile by tile, each tile into a
 * page of its own that no other guest and no other tile has. The picture (a
 * maze, coloured by how far each place is from the middle, with the way in)
 * goes to the host as a PPM: labyrinth run --cpus 4 --output maze.ppm.
 */
#include <labyrinth/guest.h>

#define CELLS  64 /* a side */
#define CELL   8  /* pixels a side */
#define WALL   2  /* of them */
#define PIXELS (CELLS * CELL)
#define TILE   32 /* pixels a side: 3 KiB of a page */
#define TILES  (PIXELS / TILE)

enum direction { EAST, SOUTH, WEST, NORTH };
static const int step_x[] = {1, 0, -1, 0};
static const int step_y[] = {0, 1, 0, -1};

/* The maze; nobody changes it once the drawing has begun. */
static uint8_t open_to[CELLS][CELLS]; /* a bit for each direction */
static uint16_t distance[CELLS][CELLS];
static bool on_the_way[CELLS][CELLS];
static uint16_t farthest;

/* The drawing: the next tile that nobody has, and whose each became. */
static uint32_t next_tile;
static struct page *tiles[TILES * TILES];
static uint32_t drawn[LAB_CPUS_MAX];
static uint32_t failed;

static uint16_t stack[CELLS * CELLS];

static uint32_t dice(void)
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static bool inside(int x, int y)
{
	return x >= 0 && x < CELLS && y >= 0 && y < CELLS;
}

/* Go where no way leads yet, turning at random; back where there is none. */
static void dig(void)
{
	unsigned int depth = 1;

	stack[0] = 0;
	while (depth > 0) {
		int x = stack[depth - 1] % CELLS, y = stack[depth - 1] / CELLS;
		unsigned int first = dice() % 4, turn;

		for (turn = 0; turn < 4; turn++) {
			unsigned int d = (first + turn) % 4;
			int nx = x + step_x[d], ny = y + step_y[d];

			if (!inside(nx, ny) || open_to[ny][nx])
				continue;
			open_to[y][x] |= (uint8_t)(1u << d);
			open_to[ny][nx] |= (uint8_t)(1u << (d + 2) % 4);
			stack[depth++] = (uint16_t)(ny * CELLS + nx);
			break;
		}
		if (turn == 4)
			depth--;
	}
}

/* How many steps each place is from the middle: a flood. */
static void measure(void)
{
	unsigned int from = 0, to = 1;

	memset(distance, 0xff, sizeof(distance));
	stack[0] = CELLS / 2 * CELLS + CELLS / 2;
	distance[CELLS / 2][CELLS / 2] = 0;
	while (from < to) {
		int x = stack[from] % CELLS, y = stack[from] / CELLS;

		from++;
		farthest = distance[y][x];
		for (unsigned int d = 0; d < 4; d++) {
			int nx = x + step_x[d], ny = y + step_y[d];

			if (!(open_to[y][x] & 1u << d) ||
			    distance[ny][nx] != UINT16_MAX)
				continue;
			distance[ny][nx] = (uint16_t)(distance[y][x] + 1);
			stack[to++] = (uint16_t)(ny * CELLS + nx);
		}
	}
}

/* From the corner to the middle, always downhill. */
static void find_way(void)
{
	int x = 0, y = 0;

	on_the_way[0][0] = true;
	while (distance[y][x] > 0) {
		for (unsigned int d = 0; d < 4; d++) {
			int nx = x + step_x[d], ny = y + step_y[d];

			if ((open_to[y][x] & 1u << d) &&
			    distance[ny][nx] < distance[y][x]) {
				x = nx;
				y = ny;
				break;
			}
		}
		on_the_way[y][x] = true;
	}
}

/* Is this pixel of a wall? Walls stand on a cell's north and west side. */
static bool is_wall(int x, int y)
{
	int cx = x / CELL, cy = y / CELL;
	bool west = x % CELL < WALL, north = y % CELL < WALL;

	if (x >= PIXELS - WALL || y >= PIXELS - WALL || (west && north))
		return true;
	return (west && !(open_to[cy][cx] & 1u << WEST)) ||
	       (north && !(open_to[cy][cx] & 1u << NORTH));
}

/* Does the thread from the corner to the middle run through this pixel? */
static bool is_thread(int x, int y)
{
	const int first = CELL / 2, last = CELL / 2 + 1;
	int cx = x / CELL, cy = y / CELL;
	int px = x % CELL, py = y % CELL;

	if (!on_the_way[cy][cx])
		return false;
	/* The arm of the cross that this pixel may be of. */
	int d = px > last    ? EAST
		: px < first ? WEST
		: py > last  ? SOUTH
			     : NORTH;
	bool straight =
		(px >= first && px <= last) || (py >= first && py <= last);
	bool middle = px >= first && px <= last && py >= first && py <= last;
	return middle || (straight && (open_to[cy][cx] & 1u << d) &&
			  on_the_way[cy + step_y[d]][cx + step_x[d]]);
}

static void paint(int x, int y, uint8_t rgb[3])
{
	/* From the lit middle out into the dark. */
	static const uint8_t colours[][3] = {
		{255, 246, 214}, {247, 200, 96}, {226, 112, 58},
		{150, 44, 84},	 {70, 28, 102},	 {24, 20, 66},
	};
	const uint32_t last = sizeof(colours) / sizeof(colours[0]) - 1;
	uint32_t place = distance[y / CELL][x / CELL] * last * 256 / farthest;
	uint32_t at = place / 256 < last ? place / 256 : last - 1;
	uint32_t part = place - at * 256;

	for (unsigned int i = 0; i < 3; i++) {
		rgb[i] = (uint8_t)((colours[at][i] * (256 - part) +
				    colours[at + 1][i] * part) /
				   256);
		if (is_wall(x, y))
			rgb[i] = 12;
		else if (is_thread(x, y))
			rgb[i] = i == 0 ? 24 : 170;
	}
}

/* A page at once if there is one, else one worth waiting for. */
static struct page *page_for_tile(void)
{
	struct page *page = alloc_page(GFP_ATOMIC);

	return page ? page : alloc_page(GFP_KERNEL);
}

/* One processor's share: whichever tiles nobody has taken. */
static void draw(void *unused)
{
	(void)unused;
	for (;;) {
		uint32_t tile =
			__atomic_fetch_add(&next_tile, 1, __ATOMIC_RELAXED);

		if (tile >= TILES * TILES)
			return;
		tiles[tile] = page_for_tile();
		if (!tiles[tile]) {
			__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
			continue;
		}
		uint8_t *rgb = page_address(tiles[tile]);
		for (int y = 0; y < TILE; y++)
			for (int x = 0; x < TILE; x++, rgb += 3)
				paint((int)(tile % TILES) * TILE + x,
				      (int)(tile / TILES) * TILE + y, rgb);
		drawn[smp_processor_id()]++;
	}
}

/* The picture line by line, across the tiles. */
static int hand_over(void)
{
	static const char header[] = "P6\n512 512\n255\n";
	static uint8_t line[PIXELS * 3];

	_Static_assert(PIXELS == 512, "as the header says");
	int r = lab_output(header, sizeof(header) - 1);
	for (unsigned int y = 0; r == 0 && y < PIXELS; y++) {
		for (unsigned int t = 0; t < TILES; t++) {
			const uint8_t *tile =
				page_address(tiles[y / TILE * TILES + t]);

			memcpy(line + t * TILE * 3, tile + y % TILE * TILE * 3,
			       TILE * 3);
		}
		r = lab_output(line, sizeof(line));
	}
	return r;
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	dig();
	measure();
	find_way();
	on_each_cpu(draw, NULL);
	for (unsigned int cpu = 0; cpu < num_online_cpus(); cpu++)
		printf("processor %u drew %3u of %u tiles\n", cpu, drawn[cpu],
		       TILES * TILES);
	if (failed > 0) {
		printf("no memory for %u tiles: give more --limit\n", failed);
		return 1;
	}
	int r = hand_over();
	for (unsigned int i = 0; i < TILES * TILES; i++)
		__free_page(tiles[i]);
	if (r < 0) {
		printf("the picture was not taken (errno %d): --output FILE\n",
		       -r);
		return 1;
	}
	printf("%u x %u pixels handed over\n", PIXELS, PIXELS);
	return 0;
}
