# In: a value. Out: its inverse, by the inverter, where there is one, else by Fermat's little theorem
# value ** (modulus - 2); 0 gives 0.

.include "routines/inverse.asm"

main:
    receive base, square
    call inverse
    multiply result, result, plain_one
    send result
    halt
