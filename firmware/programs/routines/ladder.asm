# result = base ** exponent, four bits of the exponent at a time. Base and result are in Montgomery
# form, the exponent is a plain number. Uses c1, c2 and c3.

.include "constants.asm"
.number windows = (bits + 3) // 4
.register base
.register exponent
.register result
.register power[16]

ladder:
    move power[0], one
    move power[1], base
    set c1, 14
    set c2, 0
next_power:
    multiply power[c2 + 2], power[c2 + 1], base
    step c2, 1
    loop c1, next_power
    move result, one
    set c1, windows
    set c2, 4 * windows
next_digit:
    step c2, -4
    multiply result, result, result
    multiply result, result, result
    multiply result, result, result
    multiply result, result, result
    digit c3, exponent, c2
    multiply result, result, power[c3]
    loop c1, next_digit
    return
