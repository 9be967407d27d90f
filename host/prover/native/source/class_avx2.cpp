#define CLASS_TABLE proofmill_avx2
#include "lanes_avx2.h"

#include "kernels_of_class.h"
