# As combine_g1.asm, in G2: coordinates of two parts, and the result moved from the twist on which
# the accelerator adds back to the file's, x by s ** -2 and y by s ** -3.
# Out: x.re, x.im, y.re, y.im.

.include "routines/inverse.asm"
.constant twist_x = twist_x_re * file_radix, twist_x_im * file_radix
.constant twist_y = twist_y_re * file_radix, twist_y_im * file_radix
.register total_g2[6]
.register point_g2[6]
.register factor[2]

combine_g2:
    move total_g2[0], zero
    move total_g2[1], zero
    move total_g2[2], one
    move total_g2[3], zero
    move total_g2[4], zero
    move total_g2[5], zero
next_g2:
    take c1
    take c2
    jump_if_none c2, last_g2
    receive point_g2[0], one
    receive point_g2[1], one
    receive point_g2[2], one
    receive point_g2[3], one
    receive point_g2[4], one
    receive point_g2[5], one
    jump_if_none c1, doubled_g2
double_g2:
    .formula doubling g2, total_g2, total_g2
    loop c1, double_g2
doubled_g2:
    .formula addition g2, total_g2, total_g2, point_g2
    jump next_g2

last_g2:
    jump_if_none c1, affine_g2
double_last_g2:
    .formula doubling g2, total_g2, total_g2
    loop c1, double_last_g2

# 1 / (re + im u) = (re - im u) / (re^2 + im^2)
affine_g2:
    .formula norm g2, base, total_g2[4:6]
    call inverse
    multiply factor[0], total_g2[4], result
    subtract total_g2[5], zero, total_g2[5]
    multiply factor[1], total_g2[5], result
    .formula product g2, total_g2[0:2], total_g2[0:2], factor
    .formula product g2, total_g2[2:4], total_g2[2:4], factor
    .formula product g2, total_g2[0:2], total_g2[0:2], twist_x
    .formula product g2, total_g2[2:4], total_g2[2:4], twist_y
    send total_g2[0]
    send total_g2[1]
    send total_g2[2]
    send total_g2[3]
    halt
