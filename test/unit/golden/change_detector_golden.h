/* Made by golden/change_detector.py; not to be edited. */
static const uint64_t adwin_changes[] = {768, 800, 832, 896, 2144, 2176, 2208, 2336};
#define ADWIN_LEFT 720
static const uint64_t adwin_bits_changes[] = {3264, 3424, 3488, 3872};
#define ADWIN_BITS_LEFT 1684
static const uint64_t page_hinkley_changes[] = {518, 1521};
#define PAGE_HINKLEY_LEFT 479
static const uint64_t ddm_changes[] = {508, 1046, 2105};
#define DDM_LEFT 895
#define DDM_WARNINGS 520
