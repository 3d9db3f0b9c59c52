module kafkasim/benchmarks/node_go

go 1.21
