# Ask check_rbl about one address on one list. A plugin's exit code is its word: 0 clean, 2 listed, 3 unknown.
use strict;
use warnings;

my ( $folder, $host, $port, $zone, $address ) = @ARGV;
$ENV{RES_OPTIONS} = "port:$port";
my $command = "$folder/usr/lib/nagios/plugins/check_rbl";
open my $plugin, '-|', $^X, $command, '-H', $address, '-s', $zone, '-n', $host, '-c', 1, '-t', 30, '--query-timeout', 2
    or die "cannot start $command: $!";
my $said = join '', <$plugin>;
close $plugin;
$said =~ /^CHECK_RBL \w+/m or die "check_rbl said: $said";
my %letters = ( 0 => 'c', 1 => 'L', 2 => 'L', 3 => 'e' );
print "$letters{ $? >> 8 }\n";
