# result = 1 / base by Fermat's little theorem, base ** (modulus - 2), in Montgomery form both;
# 0 gives 0. Uses what the ladder uses.

.include "ladder.asm"
.constant fermat = modulus - 2

inverse:
    move exponent, fermat
    jump ladder
