# The sum of points times powers of two, as an affine point: Horner's rule from the top.
#
# In, for each point: how many doublings come before it (at most 1023), 1, and its homogeneous
# coordinates x, y, z, of any size the multiplier takes; after the last: how many doublings come
# after it, and 0. Coordinates may be scaled alike, so Montgomery's radix does not matter in them.
# Out: x and y as they lie in a file, times 2 ** 256; both 0 at infinity, whose z is 0, since 0 has
# 0 for its inverse here.

.include "routines/inverse.asm"
.constant file_factor = file_radix
.register total_g1[3]
.register point_g1[3]

combine_g1:
    move total_g1[0], zero
    move total_g1[1], one
    move total_g1[2], zero
next_g1:
    take c1
    take c2
    jump_if_none c2, last_g1
    receive point_g1[0], one
    receive point_g1[1], one
    receive point_g1[2], one
    jump_if_none c1, doubled_g1
double_g1:
    .formula doubling g1, total_g1, total_g1
    loop c1, double_g1
doubled_g1:
    .formula addition g1, total_g1, total_g1, point_g1
    jump next_g1

last_g1:
    jump_if_none c1, affine_g1
double_last_g1:
    .formula doubling g1, total_g1, total_g1
    loop c1, double_last_g1

affine_g1:
    move base, total_g1[2]
    call inverse
    multiply result, result, file_factor   # radix * 2 ** 256 / z
    multiply total_g1[0], total_g1[0], result
    multiply total_g1[1], total_g1[1], result
    send total_g1[0]
    send total_g1[1]
    halt
