# In: a value in Montgomery form. Out: the value itself, divided by the radix.

.include "routines/constants.asm"
.register value

    receive value, plain_one
    send value
    halt
