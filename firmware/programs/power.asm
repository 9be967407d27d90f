# In: a base and an exponent, below the modulus both. Out: base ** exponent; 0 ** 0 is 1.

.include "routines/ladder.asm"

main:
    receive base, square
    receive exponent, one
    call ladder
    multiply result, result, plain_one
    send result
    halt
