  // Answers, word by word. What is said exactly is compared; ANY stands for what depends on time.
  // A group's sum (1 and the degree of its coordinates) comes in any order and as homogeneous coordinates (X : Y : Z), which
  // stand for (x, y) where X = x Z and Y = y Z.
  localparam integer EXPECTED = @EXPECTED@, SUMS = @SUMS@, SIZE = @SIZE@;
  localparam [1:0] EXACT = 2'd0, ANY = 2'd1;
  localparam integer BITS = 64 * SIZE;
  localparam [2*BITS-1:0] MODULUS = @MODULUS@;
  reg [63:0] expected [0:EXPECTED-1];
  reg [1:0] kind [0:EXPECTED-1];
  reg [63:0] sum_head [0:@SUMS_MSB@];
  integer sum_from [0:@SUMS_MSB@];
  reg [2*BITS-1:0] sum_x [0:@SUMS_MSB@][0:1];
  reg [2*BITS-1:0] sum_y [0:@SUMS_MSB@][0:1];
  reg sum_infinite [0:@SUMS_MSB@];
  reg sum_seen [0:@SUMS_MSB@];
  initial begin
@ANSWER_ROWS@
  end

  integer place = 0, part = 0, found, n, degree;
  reg [63:0] head;
  reg [2*BITS-1:0] coordinate [0:5];
  wire answers_valid;
  wire [63:0] answer;
  wire answers_ready = noise[3:2] != 0;

  function right(input integer number);
    reg [2*BITS-1:0] x, y, z, u, v, w;
    begin
      x = coordinate[0] % MODULUS;
      u = coordinate[1] % MODULUS;
      if (degree == 1) begin
        y = u;
        z = coordinate[2] % MODULUS;
        right = sum_infinite[number] ? z == 0 : z != 0
          && x == sum_x[number][0] * z % MODULUS && y == sum_y[number][0] * z % MODULUS;
      end else begin
        y = coordinate[2] % MODULUS;
        v = coordinate[3] % MODULUS;
        z = coordinate[4] % MODULUS;
        w = coordinate[5] % MODULUS;
        right = sum_infinite[number] ? z == 0 && w == 0 : (z != 0 || w != 0)
          && x == (sum_x[number][0] * z % MODULUS
                   + (MODULUS - sum_x[number][1]) * w % MODULUS) % MODULUS
          && u == (sum_x[number][0] * w % MODULUS + sum_x[number][1] * z % MODULUS) % MODULUS
          && y == (sum_y[number][0] * z % MODULUS
                   + (MODULUS - sum_y[number][1]) * w % MODULUS) % MODULUS
          && v == (sum_y[number][0] * w % MODULUS + sum_y[number][1] * z % MODULUS) % MODULUS;
      end
    end
  endfunction

  always @(posedge clk) if (answers_valid === 1'b1 && answers_ready) begin
    if (part == 0) begin
      if (kind[place] > ANY) begin
        degree = kind[place] - 1;
        head = answer;
        part = 1;
      end else begin
        if (kind[place] == EXACT && answer !== expected[place])
          $display("expected %h, got %h", expected[place], answer);
        check(kind[place] == ANY || answer === expected[place]);
        place = place + 1;
      end
    end else begin
      if ((part - 1) % SIZE == 0) coordinate[(part - 1) / SIZE] = 0;
      coordinate[(part - 1) / SIZE][64 * ((part - 1) % SIZE) +: 64] = answer;
      part = part + 1;
      if (part > 3 * degree * SIZE) begin
        part = 0;
        found = -1;
        for (n = 0; n < SUMS; n = n + 1)
          if (sum_from[n] <= place && !sum_seen[n] && sum_head[n] === head) found = n;
        if (found < 0) fail;
        sum_seen[found] = 1'b1;
        place = place + 1;
        check(right(found));
      end
    end
  end
