// SPDX-License-Identifier: Apache-2.0
/* Word ids, in this order: functions, topics, concept pools, relation pools, grid, mixed words,
 * drifting words, their twins. */
#include "planted.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"
#include "random.h"

enum {
    TOKENS_FEWEST = 60000,
    VOCAB_FEWEST = 500,
    CLAUSE_SHORTEST = 8,
    CLAUSE_WIDTHS = 5,   /* 8..12 words */
    CLAUSES_FEWEST = 3,  /* of a document */
    CLAUSES_NUMBERS = 7, /* 3..9 */
    CONCEPT_POOL = 8,    /* context words of a concept */
    RELATION_POOL = 30,  /* more than a concept's, as a relation is met more often */
    FAMILY = 5,          /* mixed words of a family: over 1, 2, ..., 5 neighbouring topics */
    DRIFT_TOPICS = 4,    /* of a drifting word */
    TOPICS_FEWEST = 8,   /* so that all of them can be replaced */
    TOPICS_MOST = 20,    /* must fit into a topic_set */
    FAMILY_PAIRS = 22,   /* at most */
    CLASS_SKIPPED = 3,   /* a topic's most frequent words are no category question */
    CLASS_WORDS = 10,    /* of each topic */
    SYLLABLES = 85,
    PERIOD_SHIFT = 48 /* in the key of a document */
};
static const double MEAN_CLAUSE = 10;
static const double FUNCTION_SHARE = 0.4; /* of the slots of a clause */
static const double GRID_SHARE = 0.30;    /* of the clauses */
static const double TOPIC_SHARE = 0.10;   /* of the clauses: mixed words; the same for drifting */
static const double RATE_LOW = 0.6, RATE_HIGH = 1.4; /* planted words' counts over their mean */

/* Bit t: topic t. */
typedef uint32_t topic_set;

/* A word that occurs in documents of several topics, in equal shares. Between the first and the
 * last period the shares move linearly from one set to the other. */
typedef struct {
    topic_set first, last;
    double rate; /* its clauses among all clauses */
} mixture;

/* A word at the centre of a clause: drawn by u in [the until before, until). */
typedef struct {
    double until;
    int32_t word;
} centre;

struct planted {
    planted_options o;
    planted_sizes n;
    int period;
    int32_t first_topic, first_concept, first_relation, first_grid, first_mixed, first_drift;
    double *zipf;       /* cumulative 1 / rank, for every pool */
    centre *grid;       /* [concepts * relations] */
    mixture *mixtures;  /* mixed, drifting, twins; n_mixtures */
    centre *centres;    /* by topic, of this period */
    int64_t *topic_end; /* [topics] into centres */
    planted_pair *pairs;
    planted_class *classes;
    planted_drift *drifts;
    int64_t n_pairs;
    int32_t n_mixtures;
    int syllables;                     /* of a word that is not a function word */
    uint64_t spellings, factor, shift; /* spelling = (factor * word + shift) mod spellings */
};

typedef struct {
    uint64_t key, counter;
} stream;

static uint64_t next(stream *s) {
    return random_at(s->key, s->counter++);
}

static int32_t clamp(double x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : (int32_t)x;
}

/* Spread evenly over [RATE_LOW, RATE_HIGH] around 1: multiples of the golden ratio, modulo 1. */
static double rate_of(int32_t i) {
    const double turns = (i + 0.5) * 0.6180339887498949;
    return RATE_LOW + (RATE_HIGH - RATE_LOW) * (turns - floor(turns));
}

/* Most clauses that one mixed or drifting word may have among all: in a small plan a single word
 * would fill its topic otherwise. */
static double rate_most(int32_t topics) {
    return TOPIC_SHARE / topics;
}

/* Words whose rarest is expected often enough when they share this part of the clauses. */
static double room_for(const planted_options *o, double share) {
    return share * (double)o->tokens / MEAN_CLAUSE * RATE_LOW / PLANTED_EXPECTED;
}

static planted_sizes sizes_choose(const planted_options *o) {
    planted_sizes n = {0};
    const int32_t grid_room = clamp(room_for(o, GRID_SHARE), 0, 1 << 20);
    const int32_t most = clamp(o->vocab / 100.0, 5, 24);
    n.relations = 5;
    while (n.relations > 2 && grid_room / n.relations < 2 * n.relations)
        n.relations--;
    const int32_t fitting = grid_room / n.relations;
    n.concepts = clamp(fitting, 2, most);
    const double families = room_for(o, TOPIC_SHARE) / FAMILY;
    n.topics = clamp(fmin(o->vocab / 200.0, 2 * families), TOPICS_FEWEST, TOPICS_MOST);
    n.families = clamp(families, 1, n.topics);
    n.drift_words = clamp(fmin(room_for(o, TOPIC_SHARE) / 2, o->vocab / 20.0), 0, o->drift_words);
    n.mixed_words = n.families * FAMILY;
    const int32_t planted_words = n.concepts * n.relations + n.mixed_words + 2 * n.drift_words;
    const int32_t pools = n.concepts * CONCEPT_POOL + n.relations * RELATION_POOL;
    n.functions = clamp(o->vocab / 40.0, 20, SYLLABLES);
    n.topic_words = (o->vocab - n.functions - planted_words - pools) / n.topics;
    n.functions = o->vocab - planted_words - pools - n.topics * n.topic_words;
    return n;
}

static void layout_words(planted *p) {
    const planted_sizes *n = &p->n;
    p->first_topic = n->functions;
    p->first_concept = p->first_topic + n->topics * n->topic_words;
    p->first_relation = p->first_concept + n->concepts * CONCEPT_POOL;
    p->first_grid = p->first_relation + n->relations * RELATION_POOL;
    p->first_mixed = p->first_grid + n->concepts * n->relations;
    p->first_drift = p->first_mixed + n->mixed_words;
    p->n_mixtures = n->mixed_words + 2 * n->drift_words;
    p->syllables = 2;
    p->spellings = (uint64_t)SYLLABLES * SYLLABLES;
    for (; p->spellings < (uint64_t)p->o.vocab; p->spellings *= SYLLABLES)
        p->syllables++;
    p->factor = (uint64_t)(0.6180339887498949 * (double)p->spellings);
    while (p->factor % 5 == 0 || p->factor % 17 == 0) /* 85 = 5 * 17: spellings stay different */
        p->factor++;
    p->shift = random_at(random_key(p->o.seed, RANDOM_PLANT, 0), 0) % p->spellings;
}

static status allocate(planted *p) {
    const planted_sizes *n = &p->n;
    int32_t longest = n->topic_words > n->functions ? n->topic_words : n->functions;
    longest = longest > RELATION_POOL ? longest : RELATION_POOL;
    status s = mem_new(&p->zipf, (size_t)longest, sizeof *p->zipf, "planted ranks");
    if (!s.code)
        s = mem_new(&p->grid, (size_t)(n->concepts * n->relations), sizeof *p->grid,
                    "planted grid");
    if (!s.code)
        s = mem_new(&p->mixtures, (size_t)p->n_mixtures, sizeof *p->mixtures, "planted words");
    if (!s.code)
        s = mem_new(&p->centres, 2 * DRIFT_TOPICS * (size_t)p->n_mixtures, sizeof *p->centres,
                    "planted centres");
    if (!s.code)
        s = mem_new(&p->topic_end, (size_t)n->topics, sizeof *p->topic_end, "planted topics");
    if (!s.code)
        s = mem_new(&p->pairs, (size_t)n->families * FAMILY_PAIRS, sizeof *p->pairs,
                    "planted pairs");
    if (!s.code)
        s = mem_new(&p->classes, (size_t)n->topics * CLASS_WORDS, sizeof *p->classes,
                    "planted classes");
    if (!s.code)
        s = mem_new(&p->drifts, 2 * (size_t)n->drift_words + 1, sizeof *p->drifts, "planted drift");
    for (int32_t i = 0; !s.code && i < longest; i++)
        p->zipf[i] = (i ? p->zipf[i - 1] : 0) + 1.0 / (i + 1);
    return s;
}

static void fill_grid(planted *p) {
    const int32_t cells = p->n.concepts * p->n.relations;
    double total = 0, sum = 0;
    for (int32_t i = 0; i < cells; i++)
        total += rate_of(i);
    for (int32_t i = 0; i < cells; i++) {
        sum += rate_of(i);
        p->grid[i] = (centre){GRID_SHARE * sum / total, p->first_grid + i};
    }
}

/* n topics from begin on, the first following the last. */
static topic_set topics_from(const planted *p, int32_t begin, int32_t n) {
    topic_set set = 0;
    for (int32_t i = 0; i < n; i++)
        set |= (topic_set)1 << (begin + i) % p->n.topics;
    return set;
}

static void fill_mixtures(planted *p) {
    const planted_sizes *n = &p->n;
    const int32_t mixed = n->mixed_words;
    const double most = rate_most(n->topics);
    const double mixed_rate = fmin(most, TOPIC_SHARE / mixed);
    for (int32_t i = 0; i < mixed; i++) {
        const topic_set set = topics_from(p, i / FAMILY, 1 + i % FAMILY);
        p->mixtures[i] = (mixture){set, set, mixed_rate * rate_of(i)};
    }
    for (int32_t j = 0; j < n->drift_words; j++) {
        const double rate = fmin(most, TOPIC_SHARE / (2 * n->drift_words)) * rate_of(j);
        const int32_t moved = p->o.periods > 1 ? DRIFT_TOPICS - j % DRIFT_TOPICS : 0;
        const topic_set first = topics_from(p, j, DRIFT_TOPICS);
        const topic_set last = topics_from(p, j + moved, DRIFT_TOPICS);
        p->mixtures[mixed + j] = (mixture){first, last, rate};
        p->mixtures[mixed + n->drift_words + j] = (mixture){first, first, rate};
    }
}

static int set_size(topic_set set) {
    int n = 0;
    for (; set; set &= set - 1)
        n++;
    return n;
}

/* Cosine of the context distributions of words over these topics: topics share no words and are
 * alike in shape, so it depends on the shares only. */
static double sets_cosine(topic_set a, topic_set b) {
    return set_size(a & b) / sqrt((double)set_size(a) * set_size(b));
}

static void add_pair(planted *p, int32_t i, int32_t j) {
    const double score = sets_cosine(p->mixtures[i].first, p->mixtures[j].first);
    p->pairs[p->n_pairs++] = (planted_pair){p->first_mixed + i, p->first_mixed + j, score};
}

/* Pairs within a family, with the next two (which share topics) and with one far away. */
static void fill_pairs(planted *p) {
    const int32_t families = p->n.families;
    for (int32_t f = 0; f < families; f++) {
        const int32_t mine = f * FAMILY, next1 = (f + 1) % families * FAMILY;
        const int32_t next2 = (f + 2) % families * FAMILY, far = (f + families / 2) * FAMILY;
        for (int32_t i = 0; i < FAMILY; i++)
            for (int32_t j = i + 1; j < FAMILY; j++)
                add_pair(p, mine + i, mine + j);
        for (int32_t i = 0; families >= 5 && i < FAMILY; i++) {
            add_pair(p, mine + i, next1 + i);
            add_pair(p, mine + i, next2 + (i + 1) % FAMILY);
        }
        for (int32_t i = 0; f < families / 2 && i < 2; i++)
            add_pair(p, mine + i, far + i);
    }
}

static void fill_answers(planted *p) {
    const planted_sizes *n = &p->n;
    fill_pairs(p);
    for (int32_t i = 0; i < n->topics * CLASS_WORDS; i++) {
        const int32_t topic = i / CLASS_WORDS, rank = CLASS_SKIPPED + i % CLASS_WORDS;
        p->classes[i] = (planted_class){p->first_topic + topic * n->topic_words + rank, topic};
    }
    for (int32_t j = 0; j < 2 * n->drift_words; j++) {
        const mixture *m = &p->mixtures[n->mixed_words + j];
        const double drift = 1 - sets_cosine(m->first, m->last);
        p->drifts[j] = (planted_drift){p->first_drift + j, drift, m->first != m->last};
    }
}

status planted_create(planted **plan, const planted_options *o) {
    *plan = NULL;
    if (o->tokens < TOKENS_FEWEST)
        return status_error(
            STATUS_USAGE,
            "synth: %lld tokens are too few to plant words that occur often enough; "
            "give at least --tokens %d",
            (long long)o->tokens, TOKENS_FEWEST);
    if (o->vocab < VOCAB_FEWEST || o->periods < 1)
        return status_error(STATUS_USAGE, "synth: a planted text needs at least %d words (--vocab)",
                            VOCAB_FEWEST);
    planted *p;
    status s = mem_new(&p, 1, sizeof *p, "planted text");
    if (s.code)
        return s;
    p->o = *o;
    p->n = sizes_choose(o);
    layout_words(p);
    s = allocate(p);
    if (s.code) {
        planted_destroy(&p);
        return s;
    }
    fill_grid(p);
    fill_mixtures(p);
    fill_answers(p);
    planted_set_period(p, 1);
    *plan = p;
    return status_ok();
}

void planted_destroy(planted **plan) {
    planted *p = *plan;
    if (!p)
        return;
    mem_free(&p->zipf);
    mem_free(&p->grid);
    mem_free(&p->mixtures);
    mem_free(&p->centres);
    mem_free(&p->topic_end);
    mem_free(&p->pairs);
    mem_free(&p->classes);
    mem_free(&p->drifts);
    mem_free(plan);
}

/* Part of a word's documents in this period that has topic t. */
static double topic_share(const planted *p, const mixture *m, int32_t t) {
    const double time = p->o.periods > 1 ? (p->period - 1.0) / (p->o.periods - 1.0) : 0;
    const double first = (double)(m->first >> t & 1) / set_size(m->first);
    const double last = (double)(m->last >> t & 1) / set_size(m->last);
    return first + time * (last - first);
}

void planted_set_period(planted *p, int period) {
    p->period = period;
    int64_t end = 0;
    for (int32_t t = 0; t < p->n.topics; t++) {
        double until = GRID_SHARE;
        for (int32_t i = 0; i < p->n_mixtures; i++) {
            const mixture *m = &p->mixtures[i];
            const double share = topic_share(p, m, t);
            if (share <= 0)
                continue;
            until += m->rate * share * p->n.topics;
            p->centres[end++] = (centre){until, p->first_mixed + i};
        }
        if (until > 1)
            abort();
        p->topic_end[t] = end;
    }
}

/* The first of n centres with u < until; n if there is none. */
static int64_t find_centre(const centre *c, int64_t n, double u) {
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (u < c[middle].until)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* A word of the pool [first, first + n), by Zipf's law. */
static int32_t draw_from_pool(const planted *p, stream *s, int32_t first, int32_t n) {
    const double u = random_unit(next(s)) * p->zipf[n - 1];
    int32_t low = 0, high = n - 1;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (u < p->zipf[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return first + low;
}

/* The word at the centre of a clause in a document of this topic, or -1. */
static int32_t draw_centre(const planted *p, stream *s, int32_t topic) {
    const double u = random_unit(next(s));
    if (u < GRID_SHARE) {
        const int64_t last = (int64_t)p->n.concepts * p->n.relations - 1;
        return p->grid[find_centre(p->grid, last, u)].word;
    }
    const int64_t begin = topic ? p->topic_end[topic - 1] : 0;
    const int64_t at = begin + find_centre(p->centres + begin, p->topic_end[topic] - begin, u);
    return at < p->topic_end[topic] ? p->centres[at].word : -1;
}

static int32_t draw_content(const planted *p, stream *s, int32_t topic, int32_t word) {
    const planted_sizes *n = &p->n;
    if (word < 0 || word >= p->first_mixed)
        return draw_from_pool(p, s, p->first_topic + topic * n->topic_words, n->topic_words);
    const int32_t cell = word - p->first_grid;
    if (next(s) >> 63)
        return draw_from_pool(p, s, p->first_concept + cell / n->relations * CONCEPT_POOL,
                              CONCEPT_POOL);
    return draw_from_pool(p, s, p->first_relation + cell % n->relations * RELATION_POOL,
                          RELATION_POOL);
}

static int write_clause(const planted *p, stream *s, int32_t topic, int32_t *words) {
    const int length = CLAUSE_SHORTEST + (int)random_below(next(s), CLAUSE_WIDTHS);
    const int middle = length / 2 - 1 + (int)random_below(next(s), 3);
    const int32_t word = draw_centre(p, s, topic);
    for (int i = 0; i < length; i++) {
        if (i == middle && word >= 0)
            words[i] = word;
        else if (random_unit(next(s)) < FUNCTION_SHARE)
            words[i] = draw_from_pool(p, s, 0, p->n.functions);
        else
            words[i] = draw_content(p, s, topic, word);
    }
    return length;
}

int planted_document(const planted *p, int64_t d, int32_t words[PLANTED_LONGEST]) {
    const uint64_t detail = (uint64_t)p->period << PERIOD_SHIFT | (uint64_t)d;
    stream s = {random_key(p->o.seed, RANDOM_PLANT, detail), 0};
    const int32_t topic = (int32_t)random_below(next(&s), (uint32_t)p->n.topics);
    const int clauses = CLAUSES_FEWEST + (int)random_below(next(&s), CLAUSES_NUMBERS);
    int n = 0;
    for (int i = 0; i < clauses; i++)
        n += write_clause(p, &s, topic, words + n);
    return n;
}

size_t planted_spell(const planted *p, int32_t word, char text[PLANTED_WORD]) {
    static const char consonants[] = "bdfghjklmnprstvwz", vowels[] = "aeiou";
    const bool is_short = word < SYLLABLES && word < p->n.functions;
    const int syllables = is_short ? 1 : p->syllables;
    uint64_t spelling = is_short ? (47 * (uint64_t)word + p->shift) % SYLLABLES
                                 : (p->factor * (uint64_t)word + p->shift) % p->spellings;
    for (int i = syllables - 1; i >= 0; i--, spelling /= SYLLABLES) {
        text[2 * i] = consonants[spelling % SYLLABLES / 5];
        text[2 * i + 1] = vowels[spelling % 5];
    }
    text[2 * syllables] = '\0';
    return 2 * (size_t)syllables;
}

planted_sizes planted_describe(const planted *p) {
    return p->n;
}

int32_t planted_grid_word(const planted *p, int32_t concept, int32_t relation) {
    return p->first_grid + concept * p->n.relations + relation;
}

const planted_pair *planted_pairs(const planted *p, int64_t *n) {
    *n = p->n_pairs;
    return p->pairs;
}

const planted_class *planted_classes(const planted *p, int64_t *n) {
    *n = (int64_t)p->n.topics * CLASS_WORDS;
    return p->classes;
}

const planted_drift *planted_drifts(const planted *p, int64_t *n) {
    *n = 2 * (int64_t)p->n.drift_words;
    return p->drifts;
}

static void add_pool(const planted *p, int32_t first, int32_t n, double share, double *out) {
    for (int32_t i = 0; i < n; i++)
        out[first + i] += share / ((i + 1) * p->zipf[n - 1]);
}

void planted_contexts(const planted *p, int32_t word, double *out) {
    const planted_sizes *n = &p->n;
    for (int32_t i = 0; i < p->o.vocab; i++)
        out[i] = 0;
    if (word >= p->first_mixed) {
        const mixture *m = &p->mixtures[word - p->first_mixed];
        for (int32_t t = 0; t < n->topics; t++)
            add_pool(p, p->first_topic + t * n->topic_words, n->topic_words, topic_share(p, m, t),
                     out);
    } else if (word >= p->first_grid) {
        const int32_t cell = word - p->first_grid;
        add_pool(p, p->first_concept + cell / n->relations * CONCEPT_POOL, CONCEPT_POOL, .5, out);
        add_pool(p, p->first_relation + cell % n->relations * RELATION_POOL, RELATION_POOL, .5,
                 out);
    }
}
