  // Coordinates of pairs go in by the timetable and those of their sums come out by it, each up to
  // a multiple of MODULUS. Cycles count from the beginning of a frame.
  localparam integer LOADS = @LOADS@, SUMS = @SUMS@, INTERVAL = @INTERVAL@;
  localparam [@COORDINATE_MSB@:0] MODULUS = @MODULUS@;
  integer load_cycle [0:LOADS-1];
  integer load_unit [0:LOADS-1];
  reg [@POSITION_MSB@:0] load_position [0:LOADS-1];
  reg [@COORDINATE_MSB@:0] load_p [0:LOADS-1];
  reg [@COORDINATE_MSB@:0] load_q [0:LOADS-1];
  integer sum_cycle [0:SUMS-1];
  integer sum_lane [0:SUMS-1];
  reg [@COORDINATE_MSB@:0] sum_of [0:SUMS-1];
  initial begin
@ROWS@
  end

  reg rst = 1'b1;
  reg [@UNITS_MSB@:0] load = 0;
  reg [@POSITION_MSB@:0] position [0:@UNITS_MSB@];
  reg [@COORDINATE_MSB@:0] p [0:@UNITS_MSB@];
  reg [@COORDINATE_MSB@:0] q [0:@UNITS_MSB@];
  wire [@COORDINATE_MSB@:0] total [0:@LANES_MSB@];
  wire [@CYCLE_MSB@:0] at;
  wire [@TURN_MSB@:0] turn;
  @TOP@ dut (.clk(clk), .rst(rst), .group(@GROUP@), .cycle(at), .turn(turn)@PORTS@);

  integer now = 0, n;
  reg running = 1'b0;
  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    if (!rst && !running && at == INTERVAL - 1 && turn == @LAST_TURN@) begin
      running = 1'b1;
      now = -1;
    end
    if (running) begin
      for (n = 0; n < SUMS; n = n + 1)
        if (sum_cycle[n] == now) check(total[sum_lane[n]] % MODULUS == sum_of[n]);
      now = now + 1;
      load <= 0;
      for (n = 0; n < LOADS; n = n + 1)
        if (load_cycle[n] == now) begin
          load[load_unit[n]] <= 1'b1;
          position[load_unit[n]] <= load_position[n];
          p[load_unit[n]] <= load_p[n];
          q[load_unit[n]] <= load_q[n];
        end
    end
  end
endmodule
