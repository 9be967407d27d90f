// Proofmill's accelerator with a memory on the chip: words in, words out.
//
// A design of your own has its own memory there: of a card, a board, or behind a bus. It takes a
// burst of words at a time, answers in order, and may pause whenever it likes.
module top #(
    parameter MEMORY_WORDS = 1024
) (
    input             clk,
    input             rst,
    input      [63:0] command,
    input             command_valid,
    output            command_ready,
    output     [63:0] answer,
    output            answer_valid,
    input             answer_ready
);
  wire        request_valid, point_ready, write_valid;
  wire [39:0] request;  // {words[7:0], address[31:0]}
  wire [95:0] write;    // {word[63:0], address[31:0]}
  reg  [63:0] memory [0:MEMORY_WORDS-1];

  // The burst at hand: the word that comes next, and how many are left of it.
  reg  [31:0] address = 0;
  reg  [ 7:0] left = 0;
  reg  [63:0] point = 0;
  reg         point_valid = 0;
  wire        point_taken = point_valid && point_ready;
  wire        fetch = left != 0 && (!point_valid || point_ready);

  always @(posedge clk) begin
    if (write_valid) memory[write[31:0]] <= write[95:32];
    if (fetch) begin
      point <= memory[address];
      address <= address + 1;
      left <= left - 1;
    end else if (left == 0 && request_valid) begin
      address <= request[31:0];
      left <= request[39:32];
    end
    point_valid <= fetch || (point_valid && !point_taken);
    if (rst) begin
      left <= 0;
      point_valid <= 0;
    end
  end

  accelerator accelerator (
      .clk(clk), .rst(rst),
      .commands__payload(command), .commands__valid(command_valid),
      .commands__ready(command_ready),
      .answers__payload(answer), .answers__valid(answer_valid), .answers__ready(answer_ready),
      .requests__payload(request), .requests__valid(request_valid),
      .requests__ready(left == 0 && !fetch),
      .points__payload(point), .points__valid(point_valid), .points__ready(point_ready),
      .writes__payload(write), .writes__valid(write_valid), .writes__ready(1'b1)
  );
endmodule
