# Ask Net::RBLClient about one address on one list.
use strict;
use warnings;
use Net::RBLClient;

my ( $folder, $host, $port, $zone, $address ) = @ARGV;
my $client = Net::RBLClient->new( server => "$host:$port", lists => [$zone], max_time => 4, timeout => 1 );
$client->lookup($address);
my @lists = $client->listed_by();
print @lists ? "L\n" : "c\n";
