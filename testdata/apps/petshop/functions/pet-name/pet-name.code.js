/* the name as people say it */
function petName(pet) {
    return pet.name + ' the ' + pet.kind;
}
