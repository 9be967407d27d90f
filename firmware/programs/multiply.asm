# In: two values. Out: their product. One goes in as Montgomery's form of it, so that the radix
# that the product divides by is gone.

.include "routines/constants.asm"
.register left
.register right

    receive left, square
    receive right, one
    multiply left, left, right
    send left
    halt
