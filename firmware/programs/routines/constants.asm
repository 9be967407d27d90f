# Numbers that many programs need.

.constant zero = 0
.constant plain_one = 1
.constant one = radix            # 1 in Montgomery form
.constant square = radix ** 2    # a product with it brings a value into Montgomery form
