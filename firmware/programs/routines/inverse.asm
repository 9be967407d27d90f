# result = 1 / base in Montgomery form both; 0 gives 0. On the inverter, where there is one, else by
# Fermat's little theorem, base ** (modulus - 2); that uses what the ladder uses.

.if inverter

.include "constants.asm"
.register base
.register result

inverse:
    invert result, base
    return

.else

.include "ladder.asm"
.constant fermat = modulus - 2

inverse:
    move exponent, fermat
    jump ladder

.end
