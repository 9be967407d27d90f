  // The host's end of the serial line, a bit in BIT cycles. The first frame begins a session; once
  // the board has answered it, the others follow without a pause. The line is perfect here, so
  // every word has to come once and in order, and the board must ask for nothing again.
  localparam integer BIT = @BIT@, BYTES = @BYTES@, FIRST = @FIRST@, START = @START@;
  localparam [7:0] DELIMITER = @DELIMITER@, ESCAPE = @ESCAPE@, ESCAPED = @ESCAPED@;
  reg [7:0] byte_of [0:BYTES-1];
  initial begin
@BYTE_ROWS@
  end

  reg rx = 1'b1, session = 1'b0;
  integer sent = 0, bits_out = 0, pause_out = 0;
  reg [9:0] shift_out = 10'h3ff;
  always @(posedge clk) if (cycle > START) begin
    if (pause_out != 0) pause_out <= pause_out - 1;
    else if (bits_out != 0) begin
      rx <= shift_out[0];
      shift_out <= shift_out >> 1;
      bits_out <= bits_out - 1;
      pause_out <= BIT - 1;
    end else if (sent < FIRST || session && sent < BYTES) begin
      rx <= 1'b0;
      shift_out <= {2'b11, byte_of[sent]};
      bits_out <= 9;
      pause_out <= BIT - 1;
      sent <= sent + 1;
    end
  end

  // What comes: bytes, each bit looked at in its middle; frames; and the words of those.
  wire tx;
  wire [15:0] noise = 16'hffff;  // nobody has the words wait
  integer bits_in = 0, pause_in = 0, length = 0, count = 0, n_bit;
  reg [7:0] shift_in = 0, came;
  reg escaped = 1'b0;
  reg [31:0] checksum = 32'hffffffff;
  reg [63:0] frame [0:64];
  reg [63:0] heard [0:1023];
  integer heard_words = 0, given = 0;
  task wrong_frame(input [8*40-1:0] why);
    begin
      $display("FAIL: @TOP@: a frame in cycle %0d %0s", cycle, why);
      $fatal(1);
    end
  endtask
  task end_of_frame;
    begin
      if (length != 0) begin
        if (checksum !== @RESIDUE@) wrong_frame("has a wrong checksum");
        if (length != 12 + 8 * frame[0][@WORDS@]) wrong_frame("has a wrong length");
        if (frame[0][@SESSION@] !== @NUMBER@) wrong_frame("is of another session");
        if (frame[0][@FLAGS@] !== 0) wrong_frame("asks for words again");
        if (frame[0][@WORDS@] != 0 && frame[0][@SEQUENCE@] !== heard_words)
          wrong_frame("has words out of order");
        for (count = 0; count < frame[0][@WORDS@]; count = count + 1)
          heard[heard_words + count] = frame[count + 1];
        heard_words = heard_words + frame[0][@WORDS@];
        session <= 1'b1;
      end
      length = 0;
      checksum = 32'hffffffff;
    end
  endtask
  task byte_of_frame;
    begin
      if (length == 65 * 8) wrong_frame("is too long");
      frame[length / 8][8 * (length % 8) +: 8] = came;
      length = length + 1;
      checksum = checksum ^ came;
      for (n_bit = 0; n_bit < 8; n_bit = n_bit + 1)
        checksum = checksum >> 1 ^ (checksum[0] ? @POLYNOMIAL@ : 32'h0);
    end
  endtask
  always @(posedge clk) if (cycle > START) begin
    if (bits_in == 0) begin
      if (tx === 1'b0) begin
        bits_in = 9;
        pause_in = BIT + BIT / 2 - 1;
      end else if (tx !== 1'b1) wrong_frame("is not to be read");
    end else if (pause_in != 0) pause_in = pause_in - 1;
    else begin
      pause_in = BIT - 1;
      bits_in = bits_in - 1;
      if (bits_in != 0) shift_in = {tx, shift_in[7:1]};
      else begin
        if (tx !== 1'b1) wrong_frame("has a byte without an end");
        came = shift_in ^ (escaped ? ESCAPED : 8'h00);
        if (shift_in == DELIMITER) end_of_frame;
        else if (shift_in != ESCAPE || escaped) byte_of_frame;
        escaped = shift_in == ESCAPE && !escaped;
      end
    end
  end
