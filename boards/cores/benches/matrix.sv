  // Products in the field, started without a gap; between them words go in, with pauses, and sums
  // come out, which are always taken, so that their cycles are the model's.
  localparam integer LATENCY = @LATENCY@, INTERVAL = @INTERVAL@;
  localparam integer WORDS = @WORDS@, SUMS = @SUMS@;
  reg [63:0] word_of [0:WORDS-1];
  reg [63:0] sum_of [0:SUMS-1];
  initial begin
@MATRIX_ROWS@
  end

  reg rst = 1'b1, start = 1'b0, give = 1'b0;
  reg [@OPERAND_MSB@:0] a = 0, b = 0;
  wire [@PRODUCT_MSB@:0] product;
  wire wanted, sent, busy;
  wire [63:0] sum;
  integer given = 0, taken = 0;
  wire offered = give && given < WORDS;
  wire [63:0] command = offered ? word_of[given] : 0;
  @TOP@ dut (.clk(clk), .rst(rst), .start(start), .a(a), .b(b), .product(product), .busy(busy),
    .commands__valid(offered), .commands__payload(command), .commands__ready(wanted),
    .answers__valid(sent), .answers__payload(sum), .answers__ready(1'b1));

  // Pairs go in one after another from cycle `from` on, before the matrices and after them.
  integer now = -1, from = 4 * INTERVAL, pair, entered = 0, made = 0;
  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    start <= (now + 1) % INTERVAL == 0;
    pair = (now + 1 - from) / INTERVAL;
    if ((now + 1) % INTERVAL == 0 && now + 1 >= from && pair < COUNT) begin
      a <= a_of[pair];
      b <= b_of[pair];
    end
    pair = (now - LATENCY - from) / INTERVAL;
    if ((now - LATENCY) % INTERVAL == 0 && now - LATENCY >= from && pair < COUNT) begin
      check(product % MODULUS == residue_of[pair] && product <= BOUND);
      made <= made + 1;
    end
    now = now + 1;
    if (!(offered && !wanted)) give <= made >= COUNT && cycle % 5 != 0;
    if (offered && wanted) given <= given + 1;
    if (sent) begin
      check(sum == sum_of[taken]);
      taken = taken + 1;
      if (taken == SUMS) from = (now / INTERVAL + 2) * INTERVAL;
    end
  end
endmodule
