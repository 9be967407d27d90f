#define CLASS_TABLE proofmill_ifma
#include "lanes_ifma.h"

#include "kernels_of_class.h"
