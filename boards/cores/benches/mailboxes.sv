  // All mailboxes are emptied. Then operands come with pauses; whatever pairs leave, an adder of numbers adds, coordinate by
  // coordinate, and its sums come back in their frames. It does not matter in which order values
  // of one mailbox meet: at the end each has the sum of all of its own.
  localparam integer COUNT = @COUNT@, BOXES = @BOXES@, FRAME = @FRAME@, FRAMES = @FRAMES@;
  localparam integer BEATS = @BEATS@;
  reg [@MAILBOX_MSB@:0] mailbox_of [0:COUNT-1];
  reg [@COORDINATE_MSB@:0] value_of [0:COUNT*BEATS-1];
  reg [@MAILBOX_MSB@:0] box_of [0:BOXES-1];
  reg [@COORDINATE_MSB@:0] sum_of [0:BOXES*BEATS-1];
  initial begin
@ROWS@
  end

  reg rst = 1'b1, give = 1'b0, fetching = 1'b0;
  integer given = 0, fetched = 0, at = 0;
  reg [@ROUND_MSB@:0] round = 0;
  wire last = at == FRAME - 1;
  wire taken, taken_out, load, coming, quiet, probed, paired, waited;
  wire [@POSITION_MSB@:0] wanted, position, total_position, coming_position;
  wire [@ROUND_MSB@:0] start;
  wire [@COORDINATE_MSB@:0] p, q, found;

  // A coordinate is there two cycles after it is asked for; of an operand that has been taken the
  // further ones are asked for afterwards.
  integer asked;
  reg [@COORDINATE_MSB@:0] on_its_way = 0, coordinate = 0;
  always @(*) asked = (wanted >= 2 ? given - 1 : given) * BEATS + wanted;
  always @(posedge clk) begin
    on_its_way <= asked >= 0 && asked < COUNT * BEATS ? value_of[asked] : 0;
    coordinate <= on_its_way;
  end

  // The adder.
  // Far fewer frames are under way than there are places for.
  reg [@COORDINATE_MSB@:0] sums [0:511];
  wire [5:0] begun = round - FRAMES;
  wire [@COORDINATE_MSB@:0] total = sums[{begun, total_position}];
  always @(posedge clk) if (load) sums[{start[5:0], position}] <= p + q;

  integer cleared = 0;
  wire clearing = !rst && cleared < @MAILBOXES@;
  wire enable = !rst && !clearing;
  wire [@MAILBOX_MSB@:0] probe = clearing ? cleared : 0;
  wire offered = give && given < COUNT && enable;
  @TOP@ dut (.clk(clk), .rst(rst), .group(@GROUP@), .enable(enable), .clear(clearing),
    .last(last), .round(round), .probe(probe), .probed(probed),
    .operand__valid(offered), .operand__mailbox(given < COUNT ? mailbox_of[given] : probe),
    .operand__taken(taken), .operand__position(wanted), .operand__coordinate(coordinate),
    .fetch__valid(fetching && fetched < BOXES),
    .fetch__mailbox(fetched < BOXES ? box_of[fetched] : probe), .fetch__taken(taken_out),
    .fetched__valid(coming), .fetched__position(coming_position), .fetched__coordinate(found),
    .pair__load(load), .pair__position(position), .pair__start(start), .pair__p(p), .pair__q(q),
    .total(total), .total_position(total_position),
    .quiet(quiet), .paired(paired), .waited(waited));

  integer emptied = 0;
  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    if (!rst) begin
      at <= last ? 0 : at + 1;
      if (clearing) cleared <= cleared + 1;
      if (last) round <= round + 1;
      if (!offered || taken) give <= cycle % 7 != 0;
      if (offered && taken) given <= given + 1;
      if (given == COUNT && last && quiet) fetching <= 1'b1;
      if (taken_out) fetched <= fetched + 1;
      if (coming) begin
        check(coming_position == emptied % BEATS && found == sum_of[emptied]);
        emptied <= emptied + 1;
      end
    end
  end
endmodule
