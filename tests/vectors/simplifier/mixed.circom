pragma circom 2.0.0;
// A product among sums: the simplifier keeps its wires alone, and one input is never used.
template Mixed() {
    signal input x;
    signal input y;
    signal input unused;
    signal input sum;
    signal middle;
    signal output z;
    signal output constant;
    middle <== 2 * x + y + 1;
    z <== middle * (x - y) + 3;
    constant <== 7;
    sum === x + y;
}
component main {public [sum]} = Mixed();
