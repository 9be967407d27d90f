#define CLASS_TABLE proofmill_scalar
#include "lanes_scalar.h"

#include "kernels_of_class.h"
