# What the accelerator has in it: the finish of a multi-scalar multiplication in either group. Begin
# at the label combine_g1 or combine_g2.

.include "combine_g1.asm"
.include "combine_g2.asm"
