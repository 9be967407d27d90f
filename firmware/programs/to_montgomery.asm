# In: a value. Out: the value in Montgomery form, times the radix.

.include "routines/constants.asm"
.register value

    receive value, one
    multiply value, value, square
    send value
    halt
